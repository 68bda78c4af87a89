// SPDX-License-Identifier: Apache-2.0
//
// What people ask `explain` about: an address or a name, with protocol and port. Pure; errors are values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace namegate::policy {

struct Destination {
    std::optional<IpAddress> address;  // or:
    std::string name;                  // normalised
    std::uint8_t protocol = 6;
    std::uint16_t port = 443;  // host byte order; ICMP: type << 8; without meaning for a protocol that has no ports
    bool port_given = false;

    // "api.weather.com", "192.0.2.1"
    std::string host() const;
    // "TCP port 443", "ICMP type 8", "protocol 47"
    std::string service() const;
};

// DEST[:PORT][/PROTO]: "192.0.2.1", "api.weather.com:443", "[2001:db8::1]:53/UDP", "192.0.2.1:8/ICMP" (a type),
// "192.0.2.1/47". Without a protocol TCP, without a port 443; of ICMP an echo request.
Result<Destination> parse_destination(std::string_view text);

}  // namespace namegate::policy
