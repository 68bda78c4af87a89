// SPDX-License-Identifier: Apache-2.0
//
// The sets of a snapshot with the labels that selectors see of them, found by label. Refers to the sets and lives no
// longer than they do. Immutable once made; free to share between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "policy/model/file_resources.h"
#include "policy/model/label_index.h"

namespace namegate::policy {

class Snapshot;

class SetIndex {
  public:
    SetIndex() = default;
    explicit SetIndex(const Snapshot& snapshot);
    ~SetIndex() = default;
    SetIndex(SetIndex&&) = default;
    SetIndex& operator=(SetIndex&&) = default;
    SetIndex(const SetIndex&) = delete;  // would point into the other's labels
    SetIndex& operator=(const SetIndex&) = delete;

    std::size_t size() const { return labels_.size(); }
    const Labels& labels(std::size_t set) const { return *labels_[set]; }
    // Numbers, in order, of all sets that the selector may match; it is still to be asked.
    std::span<const std::uint32_t> candidates(const Selector& selector) const { return by_label_.candidates(selector); }

  private:
    std::vector<const Labels*> labels_;
    std::deque<Labels> made_;  // of sets whose effective labels are not their own
    LabelIndex by_label_;
};

}  // namespace namegate::policy
