// SPDX-License-Identifier: Apache-2.0
//
// The reply to `explain`; api/explain.h makes it. A verdict is "allowed", "denied" or "after lookup": the rules will allow the flow
// after the endpoint has looked up the name at a trusted server. Until then it is not allowed, and `advice` says what must happen
// first. Values.
#pragma once

#include "api/replies/rules.h"

namespace namegate::api {

struct ExplainStep : RuleItem {
    bool matched = false;
    std::string why;  // it did not match; of an Allow rule that matched: it denies the packet

    bool operator==(const ExplainStep&) const = default;
    static constexpr auto fields() {
        return std::tuple_cat(RuleItem::fields(), std::tuple(field("matched", &ExplainStep::matched), field("why", &ExplainStep::why)));
    }
};

// With the staged policies.
struct StagedVerdict {
    bool allowed = false;
    std::string verdict;
    std::string reason;
    std::vector<ExplainStep> path;

    bool operator==(const StagedVerdict&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("allowed", &StagedVerdict::allowed), field("verdict", &StagedVerdict::verdict),
                          field("reason", &StagedVerdict::reason), field("path", &StagedVerdict::path));
    }
};

struct ExplainResult {
    std::string address;  // empty: the name has not been looked up
    std::string family;   // "IPv4", "IPv6" or "any"
    Texts names;
    Texts patterns;
    bool allowed = false;
    std::string verdict;
    std::string reason;
    Texts advice;
    std::vector<ExplainStep> path;
    std::optional<StagedVerdict> staged;  // none: no staged policy selects the endpoint

    bool operator==(const ExplainResult&) const = default;
    static constexpr auto fields() {
        using Own = ExplainResult;
        return std::tuple(field("address", &Own::address), field("family", &Own::family), field("names", &Own::names),
                          field("patterns", &Own::patterns), field("allowed", &Own::allowed), field("verdict", &Own::verdict),
                          field("reason", &Own::reason), field("advice", &Own::advice), field("path", &Own::path),
                          field("staged", &Own::staged));
    }
};

struct ExplainReply {
    std::string endpoint;
    std::string mode;
    std::string direction;
    std::string destination;
    std::string service;
    bool assumed = false;  // the port, because none was given
    bool allowed = false;
    std::string verdict;  // the worst of the results
    Texts notes;
    std::vector<ExplainResult> results;

    bool operator==(const ExplainReply&) const = default;
    static constexpr auto fields() {
        using Reply = ExplainReply;
        return std::tuple(field("endpoint", &Reply::endpoint), field("mode", &Reply::mode), field("direction", &Reply::direction),
                          field("destination", &Reply::destination), field("service", &Reply::service), field("assumed", &Reply::assumed),
                          field("allowed", &Reply::allowed), field("verdict", &Reply::verdict), field("notes", &Reply::notes),
                          field("results", &Reply::results));
    }
};

}  // namespace namegate::api
