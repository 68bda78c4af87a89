// SPDX-License-Identifier: Apache-2.0
//
// Where the daemon serves HTTP, as a setting such as metricsAddress names it: "IP:port", "[IPv6]:port" or "unix:/path". A value;
// parsing is pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace namegate::config {

inline constexpr std::size_t kMaxUnixPathBytes = 107;  // sun_path of unix(7), with its final zero

struct ListenAddress {
    std::string unix_path;  // empty: a TCP address
    IpAddress ip;
    std::uint16_t port = 0;

    bool is_unix() const { return !unix_path.empty(); }
    // Whether only processes of this node can connect.
    bool is_local() const { return is_unix() || is_loopback(ip); }
    std::string to_string() const;

    static bool is_loopback(const IpAddress& ip);
    bool operator==(const ListenAddress&) const = default;
};

// Names are not accepted, because they would have to be looked up.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace namegate::config
