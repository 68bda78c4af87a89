// SPDX-License-Identifier: Apache-2.0
#include "policy/model/label_index.h"

#include <bit>
#include <functional>

namespace namegate::policy {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

}  // namespace

std::size_t LabelIndex::hash_of(std::string_view key, std::string_view value) {
    const std::hash<std::string_view> hash;
    return hash(key) * 31 + hash(value);
}

void LabelIndex::reserve(std::size_t sets, std::size_t labels) {
    all_.reserve(sets);
    added_.reserve(labels);
}

void LabelIndex::add(const Labels& labels) {
    const auto number = static_cast<std::uint32_t>(all_.size());
    all_.push_back(number);
    for (const auto& label : labels) {
        added_.push_back({hash_of(label.first, label.second), number});
    }
}

void LabelIndex::add(std::span<const std::size_t> hashes) {
    const auto number = static_cast<std::uint32_t>(all_.size());
    all_.push_back(number);
    for (const std::size_t hash : hashes) {
        added_.push_back({hash, number});
    }
}

// A counting sort: counts the numbers of each bucket, then fills the buckets. Labels are added in ascending order of their
// numbers, so duplicates of a number are adjacent within a bucket and are dropped.
void LabelIndex::sort() {
    const std::size_t buckets = std::bit_ceil(added_.size() + 1);
    std::vector<std::uint32_t> last_number(buckets, kNone);
    starts_.assign(buckets + 1, 0);
    for (const Label& label : added_) {
        const std::size_t bucket = label.hash & (buckets - 1);
        if (last_number[bucket] != label.number) {
            last_number[bucket] = label.number;
            ++starts_[bucket + 1];
        }
    }
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
        starts_[bucket + 1] += starts_[bucket];
    }
    numbers_.resize(starts_[buckets]);
    std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
    for (const Label& label : added_) {
        const std::size_t bucket = label.hash & (buckets - 1);
        if (next[bucket] == starts_[bucket] || numbers_[next[bucket] - 1] != label.number) {
            numbers_[next[bucket]++] = label.number;
        }
    }
    added_ = {};
}

std::span<const std::uint32_t> LabelIndex::candidates(const Selector& selector) const {
    const auto required = selector.required_label();
    if (!required) {
        return all_;
    }
    if (starts_.empty()) {
        return {};
    }
    const std::size_t bucket = hash_of(required->first, required->second) & (starts_.size() - 2);
    return std::span(numbers_).subspan(starts_[bucket], starts_[bucket + 1] - starts_[bucket]);
}

}  // namespace namegate::policy
