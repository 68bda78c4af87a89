// SPDX-License-Identifier: Apache-2.0
//
// The reply to `staged`: what the staged policies would have decided otherwise than the policies in force. Values.
#pragma once

#include "api/replies/counted_packet.h"

namespace namegate::api {

struct StagedChange : CountedPacket {
    std::string endpoint;
    std::string verdict;  // that the staged policies would give: "allowed" or "denied"; the policies in force gave the other one
    std::string file;     // of the rule that would decide
    std::int64_t line = 0;

    bool operator==(const StagedChange&) const = default;
    static constexpr auto fields() {
        using Item = StagedChange;
        return std::tuple_cat(std::tuple(field("endpoint", &Item::endpoint), field("verdict", &Item::verdict)), CountedPacket::fields(),
                              std::tuple(field("file", &Item::file), field("line", &Item::line)));
    }
};

struct StagedReply {
    std::string since;           // when the staged policies came as they are now, or the daemon started; empty: there are none
    std::uint64_t policies = 0;  // that are staged
    std::uint64_t judged = 0;    // new flows and denied packets that the staged policies were asked about
    std::uint64_t unjudged = 0;  // those without a verdict
    std::uint64_t unlisted = 0;  // those that found no space in the entries
    std::vector<StagedChange> entries;

    bool operator==(const StagedReply&) const = default;
    static constexpr auto fields() {
        using Reply = StagedReply;
        return std::tuple(field("since", &Reply::since), field("policies", &Reply::policies), field("judged", &Reply::judged),
                          field("unjudged", &Reply::unjudged), field("unlisted", &Reply::unlisted), field("entries", &Reply::entries));
    }
};

}  // namespace namegate::api
