// SPDX-License-Identifier: Apache-2.0
//
// The network configuration on stdin as a value. Keys that are nothing to us pass through in `document`,
// which is what a delegate is given. Parsing is pure; errors name the key and what it should be.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cni/cni_error.h"
#include "cni/json.h"
#include "cni/result.h"

namespace namegate::cni {

inline constexpr std::string_view kDefaultConfigPath = "/etc/namegate/namegate.yaml";
inline constexpr unsigned kMinMtu = 68;  // what IPv4 needs; IPv6 needs 1280
inline constexpr unsigned kMinMtuV6 = 1280;
inline constexpr unsigned kMaxMtu = 65535;
inline constexpr std::size_t kMaxLabels = 1024;
inline constexpr std::size_t kMaxAttachments = 100000;

struct Attachment {
    std::string container_id;
    std::string ifname;

    auto operator<=>(const Attachment&) const = default;
};

struct NetworkConfig {
    std::string cni_version;
    std::string name;
    std::string type;
    std::string config_path{kDefaultConfigPath};  // `config`
    unsigned mtu = 0;                             // 0: the kernel's default
    bool ip_masq = false;
    std::string ipam_type;                                        // empty: no `ipam`, the plugin is chained
    std::map<std::string, std::string, std::less<>> labels;       // `args.cni.labels`
    bool labels_given = false;                                    // even if there are none
    std::map<std::string, std::string, std::less<>> annotations;  // runtimeConfig, the pod's annotations
    Dns dns;                                                      // `dns`, else runtimeConfig's
    std::optional<Json> prev_result;
    std::optional<std::vector<Attachment>> valid_attachments;  // GC; nothing: the runtime gave no list
    std::string document;                                      // the complete stdin

    bool has_ipam() const { return !ipam_type.empty(); }
};

// `object` is what `document` parses to. kInvalidInput: code 7 of the specification.
Result<NetworkConfig> parse_config(const Json& object, std::string document);

// The same for DEL, which reads only what it needs: a mistake in all the rest, made since ADD, must not keep a pod from
// going away.
Result<NetworkConfig> parse_removal_config(const Json& object, std::string document);

// The cniVersion of the object; "0.1.0" when it has none, as the specification says.
Result<std::string> config_version(const Json& object);

}  // namespace namegate::cni
