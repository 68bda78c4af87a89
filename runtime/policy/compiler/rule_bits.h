// SPDX-License-Identifier: Apache-2.0
//
// Bitmaps during compilation, with fixed space for kMaxCompiledRules, and the table that gives equal bitmaps the same index.
// Value types; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "policy/compiler/compiled_policy.h"

namespace namegate::policy {

// One bit for each rule; operations use only the words that the number of rules needs.
class RuleBits {
  public:
    explicit RuleBits(std::size_t rules = kMaxCompiledRules) : words_((rules + 63) / 64) {}

    void set(std::size_t rule) { bits_[rule / 64] |= 1ULL << (rule % 64); }
    void clear(std::size_t rule) { bits_[rule / 64] &= ~(1ULL << (rule % 64)); }
    void fill(std::size_t rules) {
        for (std::size_t i = 0; i < rules; ++i) {
            set(i);
        }
    }
    bool has(std::size_t rule) const { return (bits_[rule / 64] >> (rule % 64) & 1U) != 0; }
    bool any() const {
        for (std::size_t i = 0; i < words_; ++i) {
            if (bits_[i] != 0) {
                return true;
            }
        }
        return false;
    }
    std::size_t words() const { return words_; }
    std::uint64_t word(std::size_t i) const { return bits_[i]; }
    std::uint64_t& word(std::size_t i) { return bits_[i]; }

    RuleBits& operator|=(const RuleBits& other) {
        for (std::size_t i = 0; i < words_; ++i) {
            bits_[i] |= other.bits_[i];
        }
        return *this;
    }
    bool operator==(const RuleBits&) const = default;
    auto operator<=>(const RuleBits&) const = default;

  private:
    std::size_t words_;
    std::array<std::uint64_t, kMaxCompiledRules / 64> bits_{};
};

class BitmapTable {
  public:
    explicit BitmapTable(std::size_t rules) {
        const RuleBits empty(rules);
        index_of(empty);
    }

    BitmapIndex index_of(const RuleBits& bits) {
        const auto [found, added] = known_.try_emplace(bits, static_cast<BitmapIndex>(bitmaps_.size()));
        if (added) {
            Bitmap words;
            for (std::size_t i = 0; i < bits.words(); ++i) {
                words.push_back(bits.word(i));
            }
            bitmaps_.push_back(std::move(words));
        }
        return found->second;
    }
    std::vector<Bitmap> take() { return std::move(bitmaps_); }

  private:
    std::map<RuleBits, BitmapIndex> known_;
    std::vector<Bitmap> bitmaps_;
};

}  // namespace namegate::policy
