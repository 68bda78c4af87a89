// SPDX-License-Identifier: Apache-2.0
//
// The reply to `why`: the latest denials of an endpoint, newest first. `denied_packets` counts all, which the entries do not: the
// programs limit their events. Values.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

// What the rules in force say about it.
struct VerdictNow {
    std::string destination;  // what was judged: the name, or the address
    std::string verdict;      // as in `explain`
    std::string reason;
    Texts advice;

    bool operator==(const VerdictNow&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("destination", &VerdictNow::destination), field("verdict", &VerdictNow::verdict),
                          field("reason", &VerdictNow::reason), field("advice", &VerdictNow::advice));
    }
};

struct DenialItem {
    std::string kind;  // "denied", "cut" or "dropped"
    std::uint64_t count = 0;
    std::string first_time;
    std::string last_time;
    std::string direction;
    std::string protocol;
    std::string remote;
    std::uint16_t remote_port = 0;
    std::uint16_t local_port = 0;
    Texts names;  // the one that was looked up comes last
    std::string tier;
    std::string rule;  // empty: it is no longer in force
    std::string reason;
    std::optional<VerdictNow> now = {};

    bool operator==(const DenialItem&) const = default;
    static constexpr auto fields() {
        using Item = DenialItem;
        return std::tuple(field("kind", &Item::kind), field("count", &Item::count), field("firstTime", &Item::first_time),
                          field("lastTime", &Item::last_time), field("direction", &Item::direction), field("protocol", &Item::protocol),
                          field("remote", &Item::remote), field("remotePort", &Item::remote_port), field("localPort", &Item::local_port),
                          field("names", &Item::names), field("tier", &Item::tier), field("rule", &Item::rule),
                          field("reason", &Item::reason), field("now", &Item::now));
    }
};

struct WhyReply {
    std::string endpoint;
    std::string mode;
    std::uint64_t denied_packets = 0;
    std::vector<DenialItem> entries;

    bool operator==(const WhyReply&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("endpoint", &WhyReply::endpoint), field("mode", &WhyReply::mode),
                          field("deniedPackets", &WhyReply::denied_packets), field("entries", &WhyReply::entries));
    }
};

}  // namespace namegate::api
