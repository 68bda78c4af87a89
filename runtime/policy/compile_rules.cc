// SPDX-License-Identifier: Apache-2.0
#include "policy/compile_rules.h"

#include <algorithm>
#include <set>

namespace namegate::policy {
namespace {

bool is_enforced_here(const Policy& policy, const EndpointView& endpoint, const Labels& labels, Direction direction) {
    return !policy.staged && policy.applies(direction) && policy_selects(policy, endpoint, labels);
}

NumberedRule from_policy(const Policy& policy, const Rule& rule, std::size_t index) {
    NumberedRule out;
    out.compiled.action = rule.action;
    out.compiled.origin = {policy.tier, policy.kind,     policy.full_name(), static_cast<int>(index),
                           rule.text,   rule.place.file, rule.place.line};
    out.policy = &policy;
    out.rule = &rule;
    return out;
}

NumberedRule end_of_tier(const Tier& tier) {
    NumberedRule out;
    out.compiled.action = tier.default_action;
    out.compiled.origin.tier = tier.name;
    out.compiled.origin.text = "end of tier " + tier.name + ": " + (tier.default_action == RuleAction::kPass ? "Pass" : "Deny");
    out.compiled.origin.file = tier.place.file;
    out.compiled.origin.line = tier.place.line;
    return out;
}

NumberedRule profile() {
    NumberedRule out;
    out.compiled.action = RuleAction::kAllow;
    out.compiled.origin.text = "profile: Allow (no tier decided)";
    return out;
}

std::string names_of(const std::vector<NumberedRule>& rules) {
    constexpr std::size_t kShown = 8;
    std::set<std::string> names;
    for (const NumberedRule& rule : rules) {
        if (rule.policy != nullptr) {
            names.insert(rule.policy->kind + " " + rule.policy->full_name());
        }
    }
    std::string out;
    std::size_t shown = 0;
    for (const std::string& name : names) {
        if (shown++ == kShown) {
            return out + " and " + std::to_string(names.size() - kShown) + " more";
        }
        out += (out.empty() ? "" : ", ") + name;
    }
    return out;
}

Result<> check_limits(const std::vector<NumberedRule>& rules) {
    if (rules.size() > kMaxCompiledRules) {
        return Error(Code::kExhausted, "the policies that select the endpoint have more rules together, tier ends included, than the " +
                                           std::to_string(kMaxCompiledRules) + " that can be enforced: " + names_of(rules));
    }
    const auto steps = static_cast<std::size_t>(std::count_if(rules.begin(), rules.end(), [](const NumberedRule& rule) {
        return rule.compiled.action == RuleAction::kPass || rule.compiled.action == RuleAction::kLog;
    }));
    if (steps > kMaxPassAndLogRules) {
        return Error(Code::kExhausted, "the policies that select the endpoint have " + std::to_string(steps) +
                                           " Pass and Log rules together, tier ends included; at most " +
                                           std::to_string(kMaxPassAndLogRules) + " can be enforced: " + names_of(rules));
    }
    return ok();
}

}  // namespace

Result<std::vector<NumberedRule>> number_rules(const CompileInput& input, const Labels& labels) {
    std::vector<NumberedRule> out;
    for (const Snapshot::TierView& tier : input.snapshot->tiers()) {
        const std::size_t first = out.size();
        bool counts = false;
        for (const Policy* policy : tier.policies) {
            if (!is_enforced_here(*policy, *input.endpoint, labels, input.direction)) {
                continue;
            }
            counts = true;
            const std::vector<Rule>& rules = policy->rules(input.direction);
            for (std::size_t i = 0; i < rules.size(); ++i) {
                out.push_back(from_policy(*policy, rules[i], i));
            }
            if (out.size() > kMaxCompiledRules) {
                NG_TRY(check_limits(out));
            }
        }
        // A tier of staged policies alone would only Pass (E4): it needs no rule.
        if (!counts) {
            continue;
        }
        out.push_back(end_of_tier(tier.tier));
        for (std::size_t i = first; i < out.size(); ++i) {
            if (out[i].compiled.action == RuleAction::kPass) {
                out[i].compiled.next = static_cast<std::uint16_t>(out.size());
            }
        }
    }
    out.push_back(profile());
    NG_TRY(check_limits(out));
    return out;
}

std::string where(const NumberedRule& rule) {
    const RuleOrigin& origin = rule.compiled.origin;
    return origin.policy_kind + " " + origin.policy_name + ", rule " + std::to_string(origin.rule_index + 1) + " (" + origin.file + ":" +
           std::to_string(origin.line) + ")";
}

}  // namespace namegate::policy
