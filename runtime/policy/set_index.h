// SPDX-License-Identifier: Apache-2.0
//
// The sets of a snapshot with the labels that selectors see of them, found by label: a selector that asks for one value
// of a label is tried on the sets that have it, not on all. Refers to the sets and lives no longer than they do.
// Immutable once made; free to share between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/resources.h"

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
    const std::vector<std::uint32_t>& candidates(const Selector& selector) const;

  private:
    using Label = std::pair<std::string_view, std::string_view>;
    struct HashLabel {
        std::size_t operator()(const Label& label) const {
            const std::hash<std::string_view> hash;
            return hash(label.first) * 31 + hash(label.second);
        }
    };

    std::vector<const Labels*> labels_;
    std::deque<Labels> made_;  // of sets whose effective labels are not their own
    std::unordered_map<Label, std::vector<std::uint32_t>, HashLabel> by_label_;
    std::vector<std::uint32_t> all_;
    std::vector<std::uint32_t> none_;
};

}  // namespace namegate::policy
