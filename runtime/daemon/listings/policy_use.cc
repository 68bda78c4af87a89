// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/policy_use.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "daemon/seen_endpoints.h"
#include "datapath/endpoint_writer.h"
#include "datapath/reader.h"

namespace namegate::daemon {

namespace {

using policy::Direction;

using RuleKey = std::pair<Direction, int>;                                              // a rule's place in its policy
using MatchedRules = std::map<std::pair<std::string, std::string>, std::set<RuleKey>>;  // by kind and name of the policy

Result<> add_matched(Node& node, const endpoints::Record& record, Direction direction, MatchedRules& out) {
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
            out[{origin.policy_kind, origin.policy_name}].insert({direction, origin.rule_index});
        }
    }
    return ok();
}

// The number of rules in the document. One entry there may have become several rules here.
std::size_t rules_of(const policy::Policy& policy) {
    std::set<RuleKey> rules;
    for (const Direction direction : {Direction::kEgress, Direction::kIngress}) {
        for (const policy::Rule& rule : policy.rules(direction)) {
            rules.insert({direction, static_cast<int>(rule.index)});
        }
    }
    return rules.size();
}

api::PolicyItem item_of(const policy::Policy& policy, const Selected& selected, const MatchedRules& matched) {
    api::PolicyItem out;
    out.tier = policy.tier;
    out.order = policy.order;
    out.kind = policy.kind;
    out.policy = policy.full_name();
    out.staged = policy.staged;
    for (const auto& [direction, name] : {std::pair(Direction::kIngress, "Ingress"), std::pair(Direction::kEgress, "Egress")}) {
        if (policy.applies(direction)) {
            out.types.emplace_back(name);
        }
    }
    out.file = policy.place.file;
    out.line = policy.place.line;
    out.endpoints = selected.endpoints.size();
    out.unknown_endpoints = selected.unknown;
    out.rules = rules_of(policy);
    if (!policy.staged) {
        const auto rules = matched.find({policy.kind, policy.full_name()});
        out.matched_rules = rules == matched.end() ? 0 : rules->second.size();
    }
    return out;
}

}  // namespace

Result<api::PolicyList> view_policies(Node& node) {
    MatchedRules matched;
    for (const auto& entry : node.records()) {
        NG_TRY(add_matched(node, entry.second, Direction::kEgress, matched));
        NG_TRY(add_matched(node, entry.second, Direction::kIngress, matched));
    }
    const SeenEndpoints endpoints(node);
    api::PolicyList out;
    for (const policy::Snapshot::TierView& tier : endpoints.snapshot().tiers()) {
        for (const policy::Policy* policy : tier.policies) {
            out.push_back(item_of(*policy, endpoints.selected_by(*policy), matched));
        }
    }
    return out;
}

}  // namespace namegate::daemon
