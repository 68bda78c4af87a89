// SPDX-License-Identifier: Apache-2.0
//
// The record of one endpoint, written at ADD: all that DEL, a starting daemon and the tools need to know about it without
// other sources. A value type. Its text form is versioned JSON, parsed strictly: an unknown, missing or ill-typed field
// is an error that names the field. Fields that later versions added may be missing, so that pods survive an upgrade.
// Pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/bpf/abi_limits.h"
#include "endpoints/description.h"

namespace namegate::endpoints {

inline constexpr int kRecordVersion = 1;
inline constexpr std::size_t kMaxRecordBytes = 2 * 1024 * 1024;
inline constexpr std::size_t kMaxRecordAddresses = NG_MAX_ENDPOINT_ADDRS;
inline constexpr std::size_t kMaxRecordServers = NG_POD_SERVERS;  // resolvers use no more than these
inline constexpr std::size_t kMaxRecordLabels = 1024;             // per provider, and in total
inline constexpr std::size_t kMaxRecordProviders = 16;
inline constexpr std::size_t kMaxRecordText = 4096;  // bytes in one string
inline constexpr std::size_t kMaxRecordAnnotations = 256;
inline constexpr std::size_t kMaxRecordAnnotationBytes = 64 * 1024;  // of all, names included

inline constexpr std::size_t kMaxRecordPorts = 256;  // per provider

// Two providers of labels that records name: what came with ADD, and containerd.
inline constexpr std::string_view kCniArgsProvider = "cni-args";
inline constexpr std::string_view kContainerdProvider = "containerd";

struct Record {
    std::uint32_t id = 0;    // endpoint id in the BPF maps
    std::uint32_t slot = 0;  // index in the per-endpoint maps
    std::string container_id;
    std::string ifname;  // inside the container
    std::string host_ifname;
    std::uint32_t host_ifindex = 0;
    std::string netns;  // path of the network namespace
    std::vector<IpAddress> addresses;
    std::array<std::uint8_t, 6> mac{};  // of the container's interface; all zeros: unknown
    std::string pod_namespace;
    std::string pod_name;
    std::string pod_uid;
    std::string service_account;  // empty: not known, or none
    // What each provider said, by its name (labels/registry.h). A missing provider was not asked, or said nothing.
    std::map<std::string, Description, std::less<>> described;
    std::vector<IpAddress> dns_servers;  // the pod's, as the runtime gave them at ADD; at most kMaxRecordServers
    bool kubernetes = false;
    bool chained = false;      // another plugin made the interface, and namegate ran after it
    std::string network;       // name of the CNI network
    std::int64_t created = 0;  // seconds since the epoch
    bool ready = false;        // programmed at least once

    bool operator==(const Record&) const = default;
    // Null if the provider is missing.
    const Description* description_of(std::string_view provider) const {
        const auto found = described.find(provider);
        return found == described.end() ? nullptr : &found->second;
    }
    // Null if the provider is missing or does not know them.
    const Labels* labels_of(std::string_view provider) const {
        const Description* own = description_of(provider);
        return own == nullptr || !own->labels ? nullptr : &*own->labels;
    }
};

// The annotations for which a record has room, in the order of their names. The others are left out, because they are
// only for display.
Labels keep_annotations(const Labels& annotations);

// The name shown to people: "namespace/pod", or the container's id.
std::string display_name(const Record& record);
// Each address as text.
std::vector<std::string> texts(const std::vector<IpAddress>& addresses);
std::string to_json(const Record& record);
Result<Record> record_from_json(std::string_view text);

}  // namespace namegate::endpoints
