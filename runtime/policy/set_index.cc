// SPDX-License-Identifier: Apache-2.0
#include "policy/set_index.h"

#include "policy/endpoint_view.h"
#include "policy/snapshot.h"

namespace namegate::policy {

SetIndex::SetIndex(const Snapshot& snapshot) {
    const std::vector<const NetworkSet*>& sets = snapshot.sets();
    labels_.reserve(sets.size());
    all_.reserve(sets.size());
    for (const NetworkSet* set : sets) {
        if (has_own_labels_only(*set)) {
            labels_.push_back(&set->labels);
        } else {
            made_.push_back(effective_labels(*set, snapshot));
            labels_.push_back(&made_.back());
        }
        const auto number = static_cast<std::uint32_t>(all_.size());
        all_.push_back(number);
        for (const auto& label : *labels_.back()) {
            by_label_[{label.first, label.second}].push_back(number);
        }
    }
}

const std::vector<std::uint32_t>& SetIndex::candidates(const Selector& selector) const {
    const auto required = selector.required_label();
    if (!required) {
        return all_;
    }
    const auto found = by_label_.find(*required);
    return found == by_label_.end() ? none_ : found->second;
}

}  // namespace namegate::policy
