// SPDX-License-Identifier: Apache-2.0
//
// The reply to `why`: the latest denials of an endpoint and its DNS queries that were refused, newest first. `denied_packets` counts all
// packets that were denied, which the entries do not: the programs limit their events. Values.
#pragma once

#include "api/replies/counted_packet.h"

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

struct DenialItem : CountedPacket {
    std::string kind;  // "denied", "cut", "dropped" or "dns-refused"
    std::string reason;
    std::optional<VerdictNow> now = {};
    std::optional<std::uint16_t> type = {};  // of a query: the record type; none: it does not parse

    bool operator==(const DenialItem&) const = default;
    static constexpr auto fields() {
        using Item = DenialItem;
        return std::tuple_cat(std::tuple(field("kind", &Item::kind)), CountedPacket::fields(),
                              std::tuple(field("reason", &Item::reason), field("now", &Item::now), optional_field("type", &Item::type)));
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
