// SPDX-License-Identifier: Apache-2.0
#include "policy/set_index.h"

#include "policy/endpoint_view.h"
#include "policy/snapshot.h"

namespace namegate::policy {

SetIndex::SetIndex(const Snapshot& snapshot) {
    constexpr std::size_t kUsualLabels = 2;
    const std::vector<const NetworkSet*>& sets = snapshot.sets();
    labels_.reserve(sets.size());
    by_label_.reserve(sets.size(), sets.size() * kUsualLabels);
    for (const NetworkSet* set : sets) {
        if (has_own_labels_only(*set)) {
            labels_.push_back(&set->labels);
        } else {
            made_.push_back(effective_labels(*set, snapshot));
            labels_.push_back(&made_.back());
        }
        by_label_.add(*labels_.back());
    }
    by_label_.sort();
}

}  // namespace namegate::policy
