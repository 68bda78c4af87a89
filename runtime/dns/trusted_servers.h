// SPDX-License-Identifier: Apache-2.0
//
// The DNS servers whose responses count (D9). The configuration writes them as `10.0.0.53`, `10.0.0.53:5353`, `fd00::53`,
// `[fd00::53]:5353`, `10.96.0.0/12`, `10.96.0.0/12:5353`, `[fd00::/64]:5353` or
// `k8s-service:kube-system/kube-dns`; the default port is 53. Pure; errors quote
// the text and say what to write.
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
    // In the form of the configuration.
    std::string to_string() const;
    auto operator<=>(const TrustedServer&) const = default;
};

Result<TrustedServer> parse_trusted_server(std::string_view text);

// A Service of Kubernetes whose addresses are trusted: "k8s-service:kube-system/kube-dns", with a port of the Service after another colon.
struct ServiceServer {
    std::string name_space;
    std::string name;
    std::uint16_t port = kDefaultDnsPort;

    // In the form of the configuration.
    std::string to_string() const;
    auto operator<=>(const ServiceServer&) const = default;
};

bool names_service(std::string_view text);
Result<ServiceServer> parse_service_server(std::string_view text);

// Returns the list sorted and without duplicates. kExhausted: it exceeds a limit above.
Result<std::vector<TrustedServer>> parse_trusted_servers(const std::vector<std::string>& texts);

}  // namespace namegate::dns
