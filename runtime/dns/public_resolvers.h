// SPDX-License-Identifier: Apache-2.0
//
// Recognises traffic to DNS servers that namegate cannot read, because it is encrypted: what a pod looks up there opens nothing. DNS over
// TLS and QUIC have a port of their own; DNS over HTTPS looks like any other HTTPS, so it is recognised by the addresses of well-known
// public resolvers, which docs/troubleshooting.md lists. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace namegate::dns {

struct PublicResolver {
    std::string_view address;
    std::string_view owner;
};
std::span<const PublicResolver> public_resolvers();

// Who runs the public resolver with this address; empty: it is not one that is known here.
std::string_view public_resolver(const IpAddress& address);
// "DNS over TLS with 1.1.1.1 (Cloudflare)"; empty: packets of this protocol number to this address and port are something else.
std::string encrypted_dns(const IpAddress& address, std::uint8_t protocol, std::uint16_t port);

}  // namespace namegate::dns
