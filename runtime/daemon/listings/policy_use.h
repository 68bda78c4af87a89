// SPDX-License-Identifier: Apache-2.0
//
// The endpoints of this node that each policy selects, for `namegatectl policies` and the warnings. Reads only. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/node.h"
#include "daemon/warnings/policy_warnings.h"
#include "policy/model/endpoint_facts.h"
#include "policy/model/snapshot.h"

namespace namegate::daemon {

// The facts about the node's endpoints at one moment, for the selectors of many policies.
class SeenEndpoints {
  public:
    explicit SeenEndpoints(const Node& node);

    std::size_t size() const { return endpoints_.size(); }
    Selected selected_by(const policy::Policy& policy) const;
    const policy::Snapshot& snapshot() const { return *snapshot_; }

  private:
    struct Endpoint {
        std::uint32_t id = 0;
        std::optional<policy::EndpointFacts> facts;  // of either direction; empty: its labels cannot be determined
    };

    std::shared_ptr<const policy::Snapshot> snapshot_;
    std::vector<Endpoint> endpoints_;
};

// [{tier, order: number or null, kind, policy, staged, types: [text], file, line, endpoints, unknownEndpoints, rules,
//  matchedRules: number, or null when staged}], in the order of evaluation. `matchedRules` counts the rules that matched a packet,
// by the counters of the endpoints that have the rules now.
Result<api::Json> view_policies(Node& node);

}  // namespace namegate::daemon
