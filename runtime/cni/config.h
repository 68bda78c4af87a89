// SPDX-License-Identifier: Apache-2.0
//
// The network configuration on stdin as a value. `document` is the complete text with all unknown keys; the address plugin
// gets it unchanged. Parsing is pure. Errors name the key and the expected value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/identifiers.h"
#include "cni/cni_error.h"
#include "cni/json.h"
#include "cni/result.h"

namespace namegate::cni {

inline constexpr std::string_view kDefaultConfigPath = "/etc/namegate/namegate.yaml";
inline constexpr unsigned kMinMtu = 68;  // the minimum for IPv4 (RFC 791); IPv6 needs 1280 (RFC 8200)
inline constexpr unsigned kMinMtuV6 = 1280;
inline constexpr unsigned kMaxMtu = 65535;
inline constexpr std::size_t kMaxLabels = 1024;
inline constexpr std::size_t kMaxAttachments = 100000;

struct NetworkConfig {
    std::string cni_version;
    std::string name;
    std::string type;
    std::string config_path{kDefaultConfigPath};  // `config`
    unsigned mtu = 0;                             // 0: the default of the kernel
    bool ip_masq = false;
    std::string ipam_type;                                        // empty: no `ipam`, the plugin is chained
    std::map<std::string, std::string, std::less<>> labels;       // `args.cni.labels`
    bool labels_given = false;                                    // also true for an empty list
    std::map<std::string, std::string, std::less<>> annotations;  // the pod's annotations from runtimeConfig
    Dns dns;                                                      // `dns`, or else runtimeConfig.dns
    std::optional<Json> prev_result;
    std::optional<std::vector<Attachment>> valid_attachments;  // for GC; nullopt: the runtime gave no list
    std::string document;                                      // the complete stdin

    bool has_ipam() const { return !ipam_type.empty(); }
};

// `object` is the parsed `document`. kInvalidInput becomes code 7 of the specification.
Result<NetworkConfig> parse_config(const Json& object, std::string document);

// The same for DEL, which reads only what it needs: a mistake in another key, made after ADD, must not prevent the
// removal of a pod.
Result<NetworkConfig> parse_removal_config(const Json& object, std::string document);

// The cniVersion of the object. Without one it is "0.1.0", as the specification says.
Result<std::string> config_version(const Json& object);

}  // namespace namegate::cni
