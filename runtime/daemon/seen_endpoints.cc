// SPDX-License-Identifier: Apache-2.0
#include "daemon/seen_endpoints.h"

#include "daemon/node.h"
#include "policy/model/selection.h"

namespace namegate::daemon {

SeenEndpoints::SeenEndpoints(const Node& node) : snapshot_(node.programmer().snapshot_ref()) {
    for (const auto& entry : node.records()) {
        const auto view = node.programmer().view_of(entry.second);
        endpoints_.push_back(
            {entry.first, view ? std::optional(policy::facts_of(*snapshot_, *view, policy::Direction::kEgress)) : std::nullopt});
    }
}

Selected SeenEndpoints::selected_by(const policy::Policy& policy) const {
    Selected out;
    for (const Endpoint& endpoint : endpoints_) {
        const policy::Truth selects = endpoint.facts ? policy::policy_selects(policy, *endpoint.facts) : policy::Truth::kUnknown;
        if (selects == policy::Truth::kTrue) {
            out.endpoints.push_back(endpoint.id);
        }
        out.unknown += selects == policy::Truth::kUnknown ? 1U : 0U;
    }
    return out;
}

}  // namespace namegate::daemon
