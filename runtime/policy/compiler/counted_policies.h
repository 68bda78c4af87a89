// SPDX-License-Identifier: Apache-2.0
//
// The policies that are evaluated: the enforced ones, or, in a preview, those that would be enforced if the staged policies
// were. Immutable. Must not outlive the snapshot.
#pragma once

#include <set>
#include <string_view>

#include "policy/model/snapshot.h"

namespace namegate::policy {

class CountedPolicies {
  public:
    CountedPolicies(const Snapshot& snapshot, bool preview) : preview_(preview) {
        if (!preview_) {
            return;
        }
        for (const Snapshot::TierView& tier : snapshot.tiers()) {
            for (const Policy* policy : tier.policies) {
                if (policy->staged && (sets(*policy) || policy->staged_action == StagedAction::kDelete)) {
                    replaced_.insert({policy->kind.substr(kStaged.size()), policy->name_space, policy->name});
                }
            }
        }
    }

    bool holds(const Policy& policy) const {
        if (!preview_) {
            return !policy.staged;
        }
        return policy.staged ? sets(policy) : replaced_.count({policy.kind, policy.name_space, policy.name}) == 0;
    }

  private:
    static constexpr std::string_view kStaged = "Staged";
    static bool sets(const Policy& policy) { return policy.staged_action == StagedAction::kSet; }

    bool preview_;
    std::set<ResourceKey> replaced_;
};

}  // namespace namegate::policy
