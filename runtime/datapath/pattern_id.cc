// SPDX-License-Identifier: Apache-2.0
#include "datapath/pattern_id.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "datapath/bpf/ng_hash.h"

namespace namegate::datapath {

namespace {

std::uint64_t hash_label(std::uint64_t seed, std::string_view label) {
    std::uint64_t hash = seed + label.size();
    while (!label.empty()) {
        const std::size_t size = std::min<std::size_t>(label.size(), 8);
        __u64 word = 0;
        for (std::size_t i = 0; i < size; ++i) {
            word |= __u64{static_cast<unsigned char>(label[i])} << (8 * i);
        }
        hash = ng_hash_word(hash, ng_lower8(word));
        label.remove_prefix(size);
    }
    return hash;
}

// The same hash as hash_labels(), from the text of a name.
std::uint64_t hash_text(std::uint64_t seed, std::string_view text) {
    std::uint64_t hash = seed;
    while (!text.empty()) {
        const std::size_t dot = text.rfind('.');
        hash = ng_hash_mix(hash, hash_label(seed, text.substr(dot + 1)));
        text = text.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    return hash;
}

std::uint32_t append_labels(ng_suffix& suffix, std::uint32_t at, std::string_view text) {
    while (!text.empty()) {
        const std::string_view label = text.substr(0, text.find('.'));
        text.remove_prefix(std::min(label.size() + 1, text.size()));
        // Never true: a parsed pattern has labels of at most 63 and a length of at most 253 characters.
        if (label.size() > 63 || at + label.size() + 1 > sizeof suffix.labels) {
            break;
        }
        suffix.labels[at] = static_cast<std::uint8_t>(label.size());
        std::memcpy(&suffix.labels[at + 1], label.data(), label.size());
        at += static_cast<std::uint32_t>(label.size()) + 1;
    }
    return at;
}

std::string text_between(const ng_suffix& suffix, std::uint32_t from, std::uint32_t to) {
    std::string text;
    const auto end = std::min<std::uint32_t>(to, sizeof suffix.labels);
    while (from < end) {
        const std::uint32_t size = suffix.labels[from];
        if (size == 0 || from + 1 + size > end) {
            break;
        }
        for (std::uint32_t i = 0; i < size; ++i) {
            text += static_cast<char>(suffix.labels[from + 1 + i]);
        }
        text += '.';
        from += size + 1;
    }
    if (!text.empty()) {
        text.pop_back();
    }
    return text;
}

}  // namespace

std::uint64_t hash_labels(std::uint64_t seed, const std::vector<std::string>& labels) {
    std::uint64_t hash = seed;
    for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
        hash = ng_hash_mix(hash, hash_label(seed, *label));
    }
    return hash;
}

std::uint64_t pattern_id(std::uint64_t seed, const policy::DomainPattern& pattern) {
    const std::uint64_t suffix = hash_text(seed, pattern.suffix());
    switch (pattern.kind()) {
        case policy::DomainPattern::Kind::kExact: return pattern_hash(suffix) | NG_PATTERN_EXACT;
        case policy::DomainPattern::Kind::kWildcard: return pattern_hash(suffix) | NG_PATTERN_WILD;
        case policy::DomainPattern::Kind::kMiddle: break;
    }
    return pattern_hash(ng_hash_mix(suffix, hash_text(seed, pattern.prefix()))) | NG_PATTERN_MID;
}

Error hash_collision(std::string_view pattern) {
    return {Code::kInternal, "two domain patterns have the same hash (one is `" + std::string(pattern) +
                                 "`): remove the pinned objects and start again, which creates a new seed"};
}

ng_suffix suffix_of(const policy::DomainPattern& pattern) {
    ng_suffix suffix{};
    suffix.prefix_len = append_labels(suffix, 0, pattern.prefix());
    suffix.len = append_labels(suffix, suffix.prefix_len, pattern.suffix());
    return suffix;
}

std::string pattern_text(std::uint64_t id, const ng_suffix& suffix) {
    std::string behind = text_between(suffix, suffix.prefix_len, suffix.len);
    switch (id & NG_PATTERN_KINDS) {
        case NG_PATTERN_WILD: return behind.empty() ? "*" : "*." + behind;
        case NG_PATTERN_MID: {
            const std::string front = text_between(suffix, 0, suffix.prefix_len) + ".*";
            return behind.empty() ? front : front + "." + behind;
        }
        default: return behind;
    }
}

}  // namespace namegate::datapath
