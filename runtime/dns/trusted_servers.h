// SPDX-License-Identifier: Apache-2.0
//
// The DNS servers whose answers count (D9), as written in the configuration: `10.0.0.53`, `10.0.0.53:5353`,
// `fd00::53`, `[fd00::53]:5353`, `10.96.0.0/12`, `10.96.0.0/12:5353`, `[fd00::/64]:5353`. Port 53 unless
// said. Pure; errors quote the text and say what to write.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/bpf/abi_limits.h"

namespace namegate::dns {

inline constexpr std::uint16_t kDefaultDnsPort = 53;
inline constexpr std::size_t kMaxTrustedServers = 256;
inline constexpr std::size_t kMaxTrustedPorts = NG_MAX_DNS_PORTS;  // different ports in one list

struct TrustedServer {
    IpPrefix prefix;  // a host prefix for a single server
    std::uint16_t port = kDefaultDnsPort;

    bool contains(const IpAddress& address, std::uint16_t server_port) const { return port == server_port && prefix.contains(address); }
    // As it would be written in the configuration.
    std::string to_string() const;
    auto operator<=>(const TrustedServer&) const = default;
};

Result<TrustedServer> parse_trusted_server(std::string_view text);

// The whole list: sorted, each once, within the limits above.
Result<std::vector<TrustedServer>> parse_trusted_servers(const std::vector<std::string>& texts);

}  // namespace namegate::dns
