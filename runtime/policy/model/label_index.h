// SPDX-License-Identifier: Apache-2.0
//
// Many sets of labels by what they hold: a selector that asks for one value of a label is tried on those that have it, not
// on all. Keeps hashes only, so that it costs little to make anew; what it names is still to be asked. Value type.
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
    // The next number, from 0.
    void add(const Labels& labels);
    // The same, by the hashes of the labels.
    void add(std::span<const std::size_t> hashes);
    // After the last add().
    void sort();

    std::size_t size() const { return all_.size(); }
    // Numbers, in order, of all that the selector may match.
    std::span<const std::uint32_t> candidates(const Selector& selector) const;

  private:
    struct Label {
        std::size_t hash;
        std::uint32_t number;
    };

    std::vector<Label> added_;  // until sort()
    // Numbers by the low bits of the hash: the part of `numbers_` between two neighbours in `starts_`.
    std::vector<std::uint32_t> starts_;
    std::vector<std::uint32_t> numbers_;
    std::vector<std::uint32_t> all_;
};

}  // namespace namegate::policy
