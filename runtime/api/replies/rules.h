// SPDX-License-Identifier: Apache-2.0
//
// A rule of a compiled policy, as several replies show it. Values.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

struct RuleItem {
    std::uint64_t number = 0;  // its place in the order of evaluation
    std::string tier;
    std::string kind;  // of the policy; empty where there is none
    std::string policy;
    std::int64_t index = -1;  // its place in the policy; -1: there is none
    std::string action;
    std::string text;
    std::string file;
    std::int64_t line = 0;
    std::optional<std::string> tls_names = {};  // "verify" or "require"; none: the rule asks for no TLS names
    std::optional<std::string> quic = {};       // with `tls_names`: "allow" or "deny"

    bool operator==(const RuleItem&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("number", &RuleItem::number), field("tier", &RuleItem::tier), field("kind", &RuleItem::kind),
                          field("policy", &RuleItem::policy), field("index", &RuleItem::index), field("action", &RuleItem::action),
                          field("text", &RuleItem::text), field("file", &RuleItem::file), field("line", &RuleItem::line),
                          optional_field("tlsNames", &RuleItem::tls_names), optional_field("quic", &RuleItem::quic));
    }
};

}  // namespace namegate::api
