// SPDX-License-Identifier: Apache-2.0
//
// One endpoint as written down at ADD: everything that DEL, the daemon at start and the tools need to know
// about it without asking anyone. A value; its text form is versioned JSON, read strictly (an unknown,
// missing or ill-typed field is an error that names it; one that a later version added may be missing, so that
// pods live through an upgrade). Pure functions.
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

namespace namegate::endpoints {

inline constexpr int kRecordVersion = 1;
inline constexpr std::size_t kMaxRecordBytes = 2 * 1024 * 1024;
inline constexpr std::size_t kMaxRecordAddresses = NG_MAX_ENDPOINT_ADDRS;
inline constexpr std::size_t kMaxRecordServers = NG_POD_SERVERS;  // resolvers use no more
inline constexpr std::size_t kMaxRecordLabels = 1024;             // of one provider, and of all together
inline constexpr std::size_t kMaxRecordProviders = 16;
inline constexpr std::size_t kMaxRecordText = 4096;  // bytes of any one string
inline constexpr std::size_t kMaxRecordAnnotations = 256;
inline constexpr std::size_t kMaxRecordAnnotationBytes = 64 * 1024;  // of all, names included

// Who made the interface: namegate, or the plugin before it.
inline constexpr std::string_view kModeFirst = "first";
inline constexpr std::string_view kModeChained = "chained";

using Labels = std::map<std::string, std::string, std::less<>>;

struct Record {
    std::uint32_t id = 0;    // kernel endpoint id
    std::uint32_t slot = 0;  // its place in the per-endpoint maps
    std::string container_id;
    std::string ifname;  // inside the container
    std::string host_ifname;
    std::uint32_t host_ifindex = 0;
    std::string netns;  // path
    std::vector<IpAddress> addresses;
    std::array<std::uint8_t, 6> mac{};  // of the container's interface; all zero: unknown
    std::string pod_namespace;
    std::string pod_name;
    std::string pod_uid;
    std::string service_account;
    // What each provider of labels answered, by its name (labels/registry.h): "cni-args" what came with ADD. Not there: it was not
    // asked, or nothing came.
    std::map<std::string, Labels, std::less<>> labels;
    std::vector<IpAddress> dns_servers;  // of the pod, as the runtime gave them at ADD; at most kMaxRecordServers
    Labels annotations;                  // of the pod, as the runtime gave them at ADD: to be shown, nothing depends on them
    bool kubernetes = false;
    std::string mode{kModeFirst};
    std::string network;       // name of the CNI network
    std::int64_t created = 0;  // seconds since the epoch
    bool ready = false;        // programmed at least once

    bool operator==(const Record&) const = default;
    // Null: not there.
    const Labels* labels_of(std::string_view provider) const {
        const auto found = labels.find(provider);
        return found == labels.end() ? nullptr : &found->second;
    }
};

// Those that a record has room for, in the order of their names; the rest is left out, since nothing depends on them.
Labels keep_annotations(const Labels& annotations);

// As JSON has a list of addresses, in a record and elsewhere.
std::vector<std::string> texts(const std::vector<IpAddress>& addresses);
std::string to_json(const Record& record);
Result<Record> record_from_json(std::string_view text);

}  // namespace namegate::endpoints
