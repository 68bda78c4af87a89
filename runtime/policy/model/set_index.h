// SPDX-License-Identifier: Apache-2.0
//
// An index of the sets of a snapshot by their effective labels. Must not outlive the sets. Immutable, so safe to share
// between threads.
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
    SetIndex(const SetIndex&) = delete;  // pointers to the labels would dangle
    SetIndex& operator=(const SetIndex&) = delete;

    std::size_t size() const { return labels_.size(); }
    const Labels& labels(std::size_t set) const { return *labels_[set]; }
    // Returns, in ascending order, the numbers of all sets that the selector may match; it still has to be evaluated.
    std::span<const std::uint32_t> candidates(const Selector& selector) const { return by_label_.candidates(selector); }

  private:
    std::vector<const Labels*> labels_;
    std::deque<Labels> effective_;  // of sets whose effective labels are not exactly their own
    LabelIndex by_label_;
};

}  // namespace namegate::policy
