// SPDX-License-Identifier: Apache-2.0
#include "dns/public_resolvers.h"

#include <netinet/in.h>

#include <map>

namespace namegate::dns {

namespace {

constexpr std::uint16_t kTlsPort = 853;  // RFC 7858, RFC 9250
constexpr std::uint16_t kHttpsPort = 443;

constexpr PublicResolver kResolvers[] = {
    {"1.1.1.1", "Cloudflare"},
    {"1.0.0.1", "Cloudflare"},
    {"1.1.1.2", "Cloudflare"},
    {"1.0.0.2", "Cloudflare"},
    {"1.1.1.3", "Cloudflare"},
    {"1.0.0.3", "Cloudflare"},
    {"2606:4700:4700::1111", "Cloudflare"},
    {"2606:4700:4700::1001", "Cloudflare"},
    {"2606:4700:4700::1112", "Cloudflare"},
    {"2606:4700:4700::1002", "Cloudflare"},
    {"2606:4700:4700::1113", "Cloudflare"},
    {"2606:4700:4700::1003", "Cloudflare"},
    {"8.8.8.8", "Google"},
    {"8.8.4.4", "Google"},
    {"2001:4860:4860::8888", "Google"},
    {"2001:4860:4860::8844", "Google"},
    {"9.9.9.9", "Quad9"},
    {"149.112.112.112", "Quad9"},
    {"9.9.9.10", "Quad9"},
    {"149.112.112.10", "Quad9"},
    {"9.9.9.11", "Quad9"},
    {"149.112.112.11", "Quad9"},
    {"2620:fe::fe", "Quad9"},
    {"2620:fe::9", "Quad9"},
    {"2620:fe::10", "Quad9"},
    {"2620:fe::fe:10", "Quad9"},
    {"2620:fe::11", "Quad9"},
    {"2620:fe::fe:11", "Quad9"},
    {"208.67.222.222", "OpenDNS"},
    {"208.67.220.220", "OpenDNS"},
    {"2620:119:35::35", "OpenDNS"},
    {"2620:119:53::53", "OpenDNS"},
    {"94.140.14.14", "AdGuard"},
    {"94.140.15.15", "AdGuard"},
    {"2a10:50c0::ad1:ff", "AdGuard"},
    {"2a10:50c0::ad2:ff", "AdGuard"},
};

std::map<IpAddress, std::string_view> by_address() {
    std::map<IpAddress, std::string_view> out;
    for (const PublicResolver& one : kResolvers) {
        if (const auto address = IpAddress::parse(one.address)) {
            out.emplace(*address, one.owner);
        }
    }
    return out;
}

}  // namespace

std::span<const PublicResolver> public_resolvers() { return kResolvers; }

std::string_view public_resolver(const IpAddress& address) {
    static const std::map<IpAddress, std::string_view> known = by_address();
    const auto found = known.find(address);
    return found == known.end() ? std::string_view() : found->second;
}

std::string encrypted_dns(const IpAddress& address, std::uint8_t protocol, std::uint16_t port) {
    const std::string_view owner = port == kTlsPort || port == kHttpsPort ? public_resolver(address) : std::string_view();
    const bool is_https = port == kHttpsPort && !owner.empty();
    if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || (port != kTlsPort && !is_https)) {
        return {};
    }
    const std::string kind = is_https ? "DNS over HTTPS" : protocol == IPPROTO_TCP ? "DNS over TLS" : "DNS over QUIC";
    return kind + " with " + address.to_string() + (owner.empty() ? "" : " (" + std::string(owner) + ")");
}

}  // namespace namegate::dns
