// SPDX-License-Identifier: Apache-2.0
//
// Which endpoints of this node a policy selects, for `namegatectl policies` and the warnings. Holds what the endpoints were at one
// moment. Reads only. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "policy/model/endpoint_facts.h"
#include "policy/model/snapshot.h"

namespace namegate::daemon {

class Node;

// The endpoints of this node that a policy selects.
struct Selected {
    std::vector<std::uint32_t> endpoints;  // ids
    std::size_t unknown = 0;               // number of endpoints for which it is unknown (S8)
};

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

}  // namespace namegate::daemon
