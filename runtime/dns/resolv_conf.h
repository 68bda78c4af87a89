// SPDX-License-Identifier: Apache-2.0
//
// The `nameserver` lines of a resolv.conf, for the word `node` in dnsTrustedServers. Pure. A line that cannot
// be used is a warning and never an error, because resolvers ignore such lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dns/trusted_servers.h"

namespace namegate::dns {

inline constexpr std::size_t kMaxResolvConfServers = 8;  // resolvers use the first 3
inline constexpr std::size_t kMaxResolvConfBytes = 64 * 1024;

struct ResolvConf {
    std::vector<TrustedServer> servers;  // in the order of the file, without duplicates
    std::vector<std::string> warnings;   // "line 3: ..."
};

ResolvConf resolv_conf_servers(std::string_view content);

}  // namespace namegate::dns
