// SPDX-License-Identifier: Apache-2.0
#include "policy/label_index.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace namegate::policy {
namespace {

std::size_t hash_of(std::string_view key, std::string_view value) {
    const std::hash<std::string_view> hash;
    return hash(key) * 31 + hash(value);
}

}  // namespace

void LabelIndex::reserve(std::size_t sets, std::size_t labels) {
    all_.reserve(sets);
    found_.reserve(labels);
}

void LabelIndex::add(const Labels& labels) {
    const auto number = static_cast<std::uint32_t>(all_.size());
    all_.push_back(number);
    for (const auto& label : labels) {
        found_.emplace_back(hash_of(label.first, label.second), number);
    }
}

void LabelIndex::sort() {
    std::sort(found_.begin(), found_.end());
    numbers_.clear();
    numbers_.reserve(found_.size());
    for (const auto& entry : found_) {
        numbers_.push_back(entry.second);
    }
}

std::span<const std::uint32_t> LabelIndex::candidates(const Selector& selector) const {
    const auto required = selector.required_label();
    if (!required) {
        return all_;
    }
    const std::size_t hash = hash_of(required->first, required->second);
    const auto before = [](const auto& entry, std::size_t value) { return entry.first < value; };
    const auto first = std::lower_bound(found_.begin(), found_.end(), hash, before);
    auto last = first;
    while (last != found_.end() && last->first == hash) {
        ++last;
    }
    return std::span(numbers_).subspan(static_cast<std::size_t>(first - found_.begin()), static_cast<std::size_t>(last - first));
}

}  // namespace namegate::policy
