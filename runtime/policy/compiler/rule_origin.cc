// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/rule_origin.h"

namespace namegate::policy {

std::string short_name(const RuleOrigin& origin) {
    return origin.rule_index < 0 ? origin.text : origin.policy_name + "[" + std::to_string(origin.rule_index) + "]";
}

std::string full_name(const RuleOrigin& origin) {
    if (origin.rule_index >= 0) {
        return origin.policy_kind + " " + short_name(origin);
    }
    return origin.tier.empty() ? "the profile" : "the end of tier " + origin.tier;
}

}  // namespace namegate::policy
