// SPDX-License-Identifier: Apache-2.0
//
// The destination argument of `explain`: an address or a name, with protocol and port. Pure; errors are values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace namegate::policy {

struct Destination {
    std::optional<IpAddress> address;  // nothing: `name` is set
    std::string name;                  // normalised
    std::uint8_t protocol = 6;
    std::uint16_t port = 443;  // host byte order; ICMP: type << 8; unused for protocols without ports
    bool port_given = false;
    bool protocol_given = false;
    std::optional<std::string> tls_name;  // that a connection would show, normalised; none: not given

    // "api.weather.com", "192.0.2.1"
    std::string host() const;
    // "TCP port 443", "ICMP type 8", "protocol 47"
    std::string service() const;
};

// DEST[:PORT][/PROTO]: "192.0.2.1", "api.weather.com:443", "[2001:db8::1]:53/UDP", "192.0.2.1:8/ICMP" (a type),
// "192.0.2.1/47". Defaults: TCP, port 443; for ICMP, an echo request. `tls_name`: a name as people write it, for TCP; empty: none.
Result<Destination> parse_destination(std::string_view text, std::string_view tls_name = {});

}  // namespace namegate::policy
