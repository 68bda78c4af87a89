// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile_rules.h"

#include <algorithm>
#include <set>

#include "base/listed.h"
#include "policy/compiler/counted_policies.h"

namespace namegate::policy {
namespace {

NumberedRule from_policy(const Policy& policy, const Rule& rule) {
    NumberedRule out;
    out.compiled.action = rule.action;
    out.compiled.origin = {policy.tier, policy.kind,     policy.full_name(), static_cast<int>(rule.index),
                           rule.text,   rule.place.file, rule.place.line};
    out.policy = &policy;
    out.rule = &rule;
    return out;
}

void add_rule(const Policy& policy, const Rule& rule, Direction direction, Resolver& resolver, std::vector<NumberedRule>& out) {
    std::vector<NamedPortPart> parts = split_by_named_ports(policy, rule, direction, resolver);
    if (parts.empty()) {
        out.push_back(from_policy(policy, rule));
    }
    for (NamedPortPart& part : parts) {
        out.push_back(from_policy(policy, rule));
        out.back().part = std::move(part);
    }
}

// S8: an error if it is unknown whether the endpoint's own side matches, or which peers a Pass rule selects. To assume either
// answer would not be safe.
Result<> check_known(const Policy& policy, const Rule& rule, Direction direction, const Resolver& resolver) {
    const bool own = resolver.is_unknown_of_self(policy, local_of(rule, direction));
    if (!own && (rule.action != RuleAction::kPass || !resolver.is_unknown_of_any(policy, remote_of(rule, direction)))) {
        return ok();
    }
    return Error(Code::kLabelsUnknown, "it is not known which endpoints " + where(from_policy(policy, rule)) +
                                           " selects: this depends on labels of a pod that no label source, Namespace document or "
                                           "ServiceAccount document provides");
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
    return listed(names, kShown);
}

}  // namespace

Result<> check_limits(const std::vector<NumberedRule>& rules) {
    if (rules.size() > kMaxCompiledRules) {
        return Error(Code::kExhausted, "the policies that select the endpoint have more than " + std::to_string(kMaxCompiledRules) +
                                           " rules together, tier ends included, which is the limit: " + names_of(rules));
    }
    std::size_t steps = 0;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        // No packet matches two parts of the same rule that are for Services.
        const bool counted = i > 0 && rules[i].services && rules[i - 1].services && rules[i].rule == rules[i - 1].rule;
        const bool is_step = rules[i].compiled.action == RuleAction::kPass || rules[i].compiled.action == RuleAction::kLog;
        steps += is_step && !counted ? 1 : 0;
    }
    if (steps > kMaxPassAndLogRules) {
        return Error(Code::kExhausted, "the policies that select the endpoint have " + std::to_string(steps) +
                                           " Pass and Log rules together, tier ends included; at most " +
                                           std::to_string(kMaxPassAndLogRules) + " can be enforced: " + names_of(rules));
    }
    return ok();
}

namespace {

// Numbers the rules of a tier and its end. A tier in which no policy counts has no end, so that it behaves as Pass (E4).
Result<> number_tier(const CountedPolicies& counted, const Snapshot::TierView& tier, Resolver& resolver, std::vector<NumberedRule>& out) {
    const EndpointFacts& self = resolver.self();
    const std::size_t first = out.size();
    bool counts = false;
    for (const Policy* policy : tier.policies) {
        if (!counted.holds(*policy) || !policy->applies(self.direction)) {
            continue;
        }
        const Truth selects = policy_selects(*policy, self);
        if (selects == Truth::kUnknown) {
            return selection_unknown(*policy, self);
        }
        if (selects == Truth::kFalse) {
            continue;
        }
        counts = true;
        for (const Rule& rule : policy->rules(self.direction)) {
            NG_TRY(check_known(*policy, rule, self.direction, resolver));
            add_rule(*policy, rule, self.direction, resolver, out);
        }
        NG_TRY(out.size() > kMaxCompiledRules ? check_limits(out) : ok());
    }
    if (!counts) {
        return ok();
    }
    out.push_back(end_of_tier(tier.tier));
    for (std::size_t i = first; i < out.size(); ++i) {
        if (out[i].compiled.action == RuleAction::kPass) {
            out[i].compiled.next = static_cast<std::uint16_t>(out.size());
        }
    }
    return ok();
}

}  // namespace

Result<std::vector<NumberedRule>> number_rules(Resolver& resolver) {
    const CountedPolicies counted(resolver.snapshot(), resolver.self().preview);
    std::vector<NumberedRule> out;
    for (const Snapshot::TierView& tier : resolver.snapshot().tiers()) {
        NG_TRY(number_tier(counted, tier, resolver, out));
    }
    out.push_back(profile());
    NG_TRY(check_limits(out));
    return out;
}

std::string where(const NumberedRule& rule) {
    const RuleOrigin& origin = rule.compiled.origin;
    return origin.policy_kind + " " + origin.policy_name + ", rule " + std::to_string(origin.rule_index + 1) + " (" +
           line_text(origin.file, origin.line) + ")";
}

}  // namespace namegate::policy
