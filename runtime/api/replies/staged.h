// SPDX-License-Identifier: Apache-2.0
//
// The reply to `staged`: what the staged policies would have decided otherwise than the policies in force. Values.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

struct StagedChange {
    std::string endpoint;
    std::string verdict;  // that the staged policies would give: "allowed" or "denied"; the policies in force gave the other one
    std::uint64_t count = 0;
    std::string first_time;
    std::string last_time;
    std::string direction;
    std::string protocol;
    std::string remote;  // the last address
    std::uint16_t remote_port = 0;
    std::uint16_t local_port = 0;
    Texts names;  // the one that was looked up comes last
    std::string tier;
    std::string rule;  // that would decide
    std::string file;
    std::int64_t line = 0;

    bool operator==(const StagedChange&) const = default;
    static constexpr auto fields() {
        using Item = StagedChange;
        return std::tuple(field("endpoint", &Item::endpoint), field("verdict", &Item::verdict), field("count", &Item::count),
                          field("firstTime", &Item::first_time), field("lastTime", &Item::last_time), field("direction", &Item::direction),
                          field("protocol", &Item::protocol), field("remote", &Item::remote), field("remotePort", &Item::remote_port),
                          field("localPort", &Item::local_port), field("names", &Item::names), field("tier", &Item::tier),
                          field("rule", &Item::rule), field("file", &Item::file), field("line", &Item::line));
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
