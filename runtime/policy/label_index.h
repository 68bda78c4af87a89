// SPDX-License-Identifier: Apache-2.0
//
// Many sets of labels by what they hold: a selector that asks for one value of a label is tried on those that have it, not
// on all. Keeps hashes only, so that it costs little to make anew; what it names is still to be asked. Value type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "policy/selector.h"

namespace namegate::policy {

class LabelIndex {
  public:
    void reserve(std::size_t sets, std::size_t labels);
    // The next number, from 0.
    void add(const Labels& labels);
    // After the last add().
    void sort();

    std::size_t size() const { return all_.size(); }
    // Numbers, in order, of all that the selector may match.
    std::span<const std::uint32_t> candidates(const Selector& selector) const;

  private:
    std::vector<std::pair<std::size_t, std::uint32_t>> found_;  // hash of a label, number; sorted
    std::vector<std::uint32_t> numbers_;                        // of found_
    std::vector<std::uint32_t> all_;
};

}  // namespace namegate::policy
