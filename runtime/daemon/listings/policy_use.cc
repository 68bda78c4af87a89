// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/policy_use.h"

#include <utility>

#include "daemon/matched_rules.h"
#include "daemon/seen_endpoints.h"

namespace namegate::daemon {

namespace {

using policy::Direction;

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
    out.rules = rules_of(policy).size();
    if (policy.dns) {
        out.dns = policy::to_string(*policy.dns);
    }
    if (!policy.staged) {
        out.matched_rules = matched.of(policy).size();
    }
    return out;
}

}  // namespace

Result<api::PolicyList> view_policies(Node& node) {
    MatchedRules matched;
    for (const auto& entry : node.records()) {
        NG_TRY(matched.add(node, entry.second));
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
