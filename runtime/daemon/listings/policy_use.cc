// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/policy_use.h"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "daemon/seen_endpoints.h"
#include "datapath/endpoint_writer.h"
#include "datapath/reader.h"

namespace namegate::daemon {

namespace {

using api::Json;
using policy::Direction;

using RuleKey = std::pair<Direction, int>;                                              // a rule's place in its policy
using MatchedRules = std::map<std::pair<std::string, std::string>, std::set<RuleKey>>;  // by kind and name of the policy

constexpr double kMaxExact = 1e15;  // a whole number below it is written as an integer

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

Json order_json(const std::optional<double>& order) {
    if (!order) {
        return nullptr;
    }
    const bool whole = std::abs(*order) < kMaxExact && *order == std::floor(*order);
    return whole ? Json(static_cast<std::int64_t>(*order)) : Json(*order);
}

Json policy_json(const policy::Policy& policy, const Selected& selected, const MatchedRules& matched) {
    Json types = Json::array();
    for (const auto& [direction, name] : {std::pair(Direction::kIngress, "Ingress"), std::pair(Direction::kEgress, "Egress")}) {
        if (policy.applies(direction)) {
            types.push_back(name);
        }
    }
    const auto rules = matched.find({policy.kind, policy.full_name()});
    return {{"tier", policy.tier},
            {"order", order_json(policy.order)},
            {"kind", policy.kind},
            {"policy", policy.full_name()},
            {"staged", policy.staged},
            {"types", std::move(types)},
            {"file", policy.place.file},
            {"line", policy.place.line},
            {"endpoints", selected.endpoints.size()},
            {"unknownEndpoints", selected.unknown},
            {"rules", rules_of(policy)},
            {"matchedRules", policy.staged ? Json(nullptr) : Json(rules == matched.end() ? 0 : rules->second.size())}};
}

}  // namespace

Result<Json> view_policies(Node& node) {
    MatchedRules matched;
    for (const auto& entry : node.records()) {
        NG_TRY(add_matched(node, entry.second, Direction::kEgress, matched));
        NG_TRY(add_matched(node, entry.second, Direction::kIngress, matched));
    }
    const SeenEndpoints endpoints(node);
    Json out = Json::array();
    for (const policy::Snapshot::TierView& tier : endpoints.snapshot().tiers()) {
        for (const policy::Policy* policy : tier.policies) {
            out.push_back(policy_json(*policy, endpoints.selected_by(*policy), matched));
        }
    }
    return out;
}

}  // namespace namegate::daemon
