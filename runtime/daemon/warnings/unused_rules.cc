// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/unused_rules.h"

#include <functional>

#include "base/listed.h"
#include "daemon/warnings/policy_warnings.h"
#include "policy/model/rule_text.h"

namespace namegate::daemon {

namespace {

using policy::Direction;

constexpr std::size_t kShownRules = 4;
constexpr std::uint64_t kSecondNs = 1'000'000'000;

std::size_t hash_of(const policy::Policy& policy) {
    std::string text;
    for (const Direction direction : {Direction::kEgress, Direction::kIngress}) {
        for (const policy::Rule& rule : policy.rules(direction)) {
            text += policy::describe_rule(rule) + '\n';
        }
        text += '\n';
    }
    return std::hash<std::string>()(text);
}

bool admits(const policy::Rule& rule) { return rule.action == policy::RuleAction::kAllow || rule.action == policy::RuleAction::kPass; }

}  // namespace

void UnusedRules::begin() {
    ++round_;
    next_.clear();
    next_rules_ = 0;
}

void UnusedRules::check(const policy::Policy& policy, const Selected& selected, const std::set<RuleKey>& matched) {
    if (policy.staged || selected.endpoints.empty()) {
        return;
    }
    const std::string subject = subject_of(policy);
    const std::uint64_t now = clock_.boot_ns();
    Use& use = policies_[subject];
    if (const std::size_t content = hash_of(policy); use.round == 0 || use.content != content) {
        use = {content, now, 0, {}};
    }
    use.round = round_;
    use.matched.insert(matched.begin(), matched.end());
    if (now - use.since < kUnusedRuleSeconds * kSecondNs) {
        return;
    }
    std::set<RuleKey> unused;
    std::vector<std::string> texts;
    for (const Direction direction : {Direction::kEgress, Direction::kIngress}) {
        for (const policy::Rule& rule : policy.rules(direction)) {
            const RuleKey key{direction, static_cast<int>(rule.index)};
            if (admits(rule) && use.matched.count(key) == 0 && unused.insert(key).second) {
                texts.push_back(std::string(direction == Direction::kEgress ? "egress[" : "ingress[") + std::to_string(rule.index) + "] " +
                                policy::describe_rule(rule));
            }
        }
    }
    if (!unused.empty()) {
        next_.push_back({"rules without a match", subject,
                         text_of(policy) + ": " + std::to_string(unused.size()) + (unused.size() == 1 ? " rule has" : " rules have") +
                             " matched no packet for a day or longer: " + listed(texts, kShownRules)});
        next_rules_ += unused.size();
    }
}

void UnusedRules::end() {
    shown_ = std::move(next_);
    rules_ = next_rules_;
    std::erase_if(policies_, [this](const auto& entry) { return entry.second.round != round_; });
}

}  // namespace namegate::daemon
