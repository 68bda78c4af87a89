// SPDX-License-Identifier: Apache-2.0
//
// Which endpoints a change affects: those selected by a policy that changed, or by one whose rules look at a set or an
// endpoint that did. May name one too many, never one too few. Refers to the snapshots and lives no longer than they do.
// Not thread-safe.
#pragma once

#include <vector>

#include "policy/model/endpoint_facts.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

class AffectedEndpoints {
  public:
    // The files changed.
    static AffectedEndpoints of_change(const Snapshot& before, const Snapshot& after);
    // An endpoint of these facts came or went.
    static AffectedEndpoints of_endpoint(const Snapshot& snapshot, const EndpointFacts& endpoint);

    static AffectedEndpoints all();

    bool none() const { return !all_ && policies_.empty(); }
    // By the facts of either direction.
    bool includes(const EndpointFacts& endpoint) const;

  private:
    void add_policies_reaching(const Snapshot& snapshot, const std::vector<SeenLabels>& those, bool of_sets);

    bool all_ = false;
    std::vector<const Policy*> policies_;
};

}  // namespace namegate::policy
