// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics/rule_use.h"

#include <algorithm>

#include "datapath/endpoint_writer.h"
#include "datapath/reader.h"

namespace namegate::daemon {

namespace {

// A rule's place in its policy.
std::string key_of(const policy::RuleOrigin& origin, policy::Direction direction) {
    return origin.policy_kind + ' ' + origin.policy_name + ' ' + (direction == policy::Direction::kEgress ? 'e' : 'i') +
           std::to_string(origin.rule_index);
}

}  // namespace

void RuleUse::read_one(Node& node, const endpoints::Record& record, policy::Direction direction) {
    const node::Programmed* state = node.programmer().find(record.id);
    const node::CompiledRef compiled = state == nullptr ? nullptr : state->compiled(direction);
    const auto active = datapath::active_config(node.datapath(), record.slot);
    if (compiled == nullptr || !active || !*active || (*active)->endpoint != record.id) {
        return;
    }
    const auto counters = datapath::read_counters(node.datapath(), (*active)->direction[static_cast<std::size_t>(direction)]);
    if (!counters) {
        return;
    }
    for (std::size_t i = 0; i < counters->size() && i < compiled->rules.size(); ++i) {
        if (const policy::RuleOrigin& origin = compiled->rules[i].origin; origin.rule_index >= 0) {
            bool& matched = matched_[key_of(origin, direction)];
            matched = matched || (*counters)[i].packets != 0;
        }
    }
}

void RuleUse::finish() {
    numbers_.rules = matched_.size();
    numbers_.never_matched =
        static_cast<std::size_t>(std::count_if(matched_.begin(), matched_.end(), [](const auto& rule) { return !rule.second; }));
    matched_.clear();
    in_round_ = false;
}

void RuleUse::read(Node& node, std::uint64_t until_boot_ns) {
    if (!in_round_) {
        const std::uint64_t now = node.clock().boot_ns();
        if (now < next_boot_ns_) {
            return;
        }
        next_boot_ns_ = now + kRoundNs;
        in_round_ = true;
        last_ = 0;
    }
    for (auto next = node.records().upper_bound(last_); next != node.records().end(); ++next) {
        last_ = next->first;
        read_one(node, next->second, policy::Direction::kEgress);
        read_one(node, next->second, policy::Direction::kIngress);
        if (node.clock().boot_ns() >= until_boot_ns) {
            return;
        }
    }
    finish();
}

}  // namespace namegate::daemon
