// SPDX-License-Identifier: Apache-2.0
#include "daemon/matched_rules.h"

#include "daemon/node.h"
#include "datapath/endpoint_writer.h"
#include "datapath/reader.h"

namespace namegate::daemon {

using policy::Direction;

Result<> MatchedRules::add(Node& node, const endpoints::Record& record) {
    NG_TRY(add(node, record, Direction::kEgress));
    return add(node, record, Direction::kIngress);
}

Result<> MatchedRules::add(Node& node, const endpoints::Record& record, Direction direction) {
    const node::Programmed* state = node.programmer().find(record.id);
    const node::CompiledRef compiled = state == nullptr ? nullptr : state->compiled(direction);
    NG_ASSIGN(const auto active, datapath::active_config(node.datapath(), record.slot));
    if (compiled == nullptr || !active || active->endpoint != record.id) {
        return ok();
    }
    NG_ASSIGN(const auto counters, datapath::read_counters(node.datapath(), active->direction[static_cast<std::size_t>(direction)]));
    for (std::size_t i = 0; i < counters.size() && i < compiled->rules.size(); ++i) {
        const policy::RuleOrigin& origin = compiled->rules[i].origin;
        if (origin.rule_index >= 0 && counters[i].packets != 0) {
            policies_[{origin.policy_kind, origin.policy_name}].insert({direction, origin.rule_index});
        }
    }
    return ok();
}

const std::set<MatchedRules::RuleKey>& MatchedRules::of(const policy::Policy& policy) const {
    static const std::set<RuleKey> none;
    const auto found = policies_.find({policy.kind, policy.full_name()});
    return found == policies_.end() ? none : found->second;
}

std::set<MatchedRules::RuleKey> rules_of(const policy::Policy& policy) {
    std::set<MatchedRules::RuleKey> rules;
    for (const Direction direction : {Direction::kEgress, Direction::kIngress}) {
        for (const policy::Rule& rule : policy.rules(direction)) {
            rules.insert({direction, static_cast<int>(rule.index)});
        }
    }
    return rules;
}

}  // namespace namegate::daemon
