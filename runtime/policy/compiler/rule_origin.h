// SPDX-License-Identifier: Apache-2.0
//
// The origin of a compiled rule, and its names for people. Pure.
#pragma once

#include <string>

namespace namegate::policy {

struct RuleOrigin {
    std::string tier;         // "default"
    std::string policy_kind;  // "NetworkPolicy"; empty for a tier's end and the profile
    std::string policy_name;  // "default/allow-egress" or "default.allow-egress"
    int rule_index = -1;      // position in the policy's list; -1 for a tier's end and the profile
    std::string text;         // one line: "Allow UDP to port 53", "end of tier default: Deny"
    std::string file;         // place of the rule
    int line = 0;
};

// For lists: "default.allow-x[1]", "end of tier default: Deny".
std::string short_name(const RuleOrigin& origin);
// For sentences: "GlobalNetworkPolicy default.allow-x[1]", "the end of tier default", "the profile".
std::string full_name(const RuleOrigin& origin);

}  // namespace namegate::policy
