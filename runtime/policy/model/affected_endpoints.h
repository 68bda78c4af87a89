// SPDX-License-Identifier: Apache-2.0
//
// Finds the endpoints that a change affects: those that a changed policy selects, and those that a policy selects whose
// rules depend on a changed set or endpoint. May include unaffected endpoints, but never omits an affected one. Must not
// outlive the snapshots. Not thread-safe.
#pragma once

#include <vector>

#include "policy/model/endpoint_facts.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

class AffectedEndpoints {
  public:
    // For a change of the policy files.
    static AffectedEndpoints of_change(const Snapshot& before, const Snapshot& after);
    // For an endpoint with these facts that is added or removed.
    static AffectedEndpoints of_endpoint(const Snapshot& snapshot, const EndpointFacts& endpoint);

    static AffectedEndpoints all();
    // After pods of other nodes or Services of the cluster changed: the endpoints whose rules select by labels or name Services.
    static AffectedEndpoints of_cluster(const Snapshot& snapshot);
    // Also those of another change. Refers to what the other one refers to.
    void add(const AffectedEndpoints& other);

    bool none() const { return !all_ && policies_.empty(); }
    // The facts may be those of either direction.
    bool includes(const EndpointFacts& endpoint) const;

  private:
    void add_policies_reaching(const Snapshot& snapshot, const std::vector<SeenLabels>& changed, bool are_sets);

    bool all_ = false;
    std::vector<const Policy*> policies_;
};

}  // namespace namegate::policy
