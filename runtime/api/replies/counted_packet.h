// SPDX-License-Identifier: Apache-2.0
//
// Packets of one kind, as `why` and `staged` list them. A value.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

struct CountedPacket {
    std::uint64_t count = 0;
    std::string first_time;
    std::string last_time;
    std::string direction;
    std::string protocol;
    std::string remote;  // the address of the last one, as are the ports
    std::uint16_t remote_port = 0;
    std::uint16_t local_port = 0;
    Texts names;  // the one that was looked up comes last
    std::string tier;
    std::string rule;                          // empty: it is no longer in force
    std::optional<std::string> tls_name = {};  // the server name that the connection showed

    bool operator==(const CountedPacket&) const = default;
    static constexpr auto fields() {
        using Item = CountedPacket;
        return std::tuple(field("count", &Item::count), field("firstTime", &Item::first_time), field("lastTime", &Item::last_time),
                          field("direction", &Item::direction), field("protocol", &Item::protocol), field("remote", &Item::remote),
                          field("remotePort", &Item::remote_port), field("localPort", &Item::local_port), field("names", &Item::names),
                          field("tier", &Item::tier), field("rule", &Item::rule), optional_field("tlsName", &Item::tls_name));
    }
};

}  // namespace namegate::api
