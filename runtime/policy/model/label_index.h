// SPDX-License-Identifier: Apache-2.0
//
// An index of label sets by label and value: a selector that requires one value of a label is evaluated only on the sets
// that have it. Stores hashes only, so that it is cheap to rebuild; a candidate still has to be evaluated. Value type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/model/selector.h"

namespace namegate::policy {

class LabelIndex {
  public:
    static std::size_t hash_of(std::string_view key, std::string_view value);

    void reserve(std::size_t sets, std::size_t labels);
    // Adds labels under the next number; the first is 0.
    void add(const Labels& labels);
    // The same with the hashes of the labels.
    void add(std::span<const std::size_t> hashes);
    // Must be called after the last add() and before candidates().
    void sort();

    std::size_t size() const { return all_.size(); }
    // Returns, in ascending order, the numbers of all label sets that the selector may match.
    std::span<const std::uint32_t> candidates(const Selector& selector) const;

  private:
    struct Label {
        std::size_t hash;
        std::uint32_t number;
    };

    std::vector<Label> added_;  // until sort()
    // A bucket for each value of the hash's low bits: bucket b is numbers_[starts_[b]] up to numbers_[starts_[b + 1]].
    std::vector<std::uint32_t> starts_;
    std::vector<std::uint32_t> numbers_;
    std::vector<std::uint32_t> all_;
};

}  // namespace namegate::policy
