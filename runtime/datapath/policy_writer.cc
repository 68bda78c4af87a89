// SPDX-License-Identifier: Apache-2.0
#include "datapath/policy_writer.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "datapath/map.h"
#include "datapath/pattern_id.h"
#include "datapath/policy_catalogue.h"
#include "datapath/policy_image.h"

namespace namegate::datapath {

namespace {

template <typename K, typename V>
Result<> write(Datapath& datapath, MapId map, const std::vector<K>& keys, const std::vector<V>& values) {
    if (keys.empty()) {
        return ok();
    }
    NG_ASSIGN(const int fd, datapath.map(map));
    return map_update_many(fd, keys, values).with_context(map_name(map));
}

template <typename K>
void erase(Datapath& datapath, MapId map, const std::vector<K>& keys) {
    if (const auto fd = datapath.map(map); fd && !keys.empty()) {
        static_cast<void>(map_erase_many(*fd, keys));
    }
}

bool same_suffix(const ng_suffix& a, const ng_suffix& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

}  // namespace

void PolicyWriter::list(PolicyId id, const ng_policy& entry) {
    bitmaps_.add({entry.bitmap_base, entry.n_bitmaps});
    rules_.add({entry.direction.rule_base, entry.direction.n_rules});
    ++policies_;
    patterns_ += entry.n_patterns;
    if (is_complete(entry)) {
        whole_[{entry.content[0], entry.content[1]}] = id;
    }
}

Result<PolicyWriter> PolicyWriter::open(Datapath& datapath) {
    NG_ASSIGN(const auto catalogue, read_catalogue(datapath));
    NG_ASSIGN(const int patterns, datapath.map(MapId::kPatterns));
    PolicyWriter writer(datapath);
    NG_ASSIGN(writer.pattern_room_, raw::capacity(patterns));
    for (const auto& entry : catalogue) {
        writer.list(entry.first, entry.second);
    }
    return writer;
}

bool PolicyWriter::nearly_full() const {
    return policies_ > NG_MAX_POLICIES / 2 || patterns_ > pattern_room_ / 2 || bitmaps_.in_use() > NG_MAX_BITMAPS / 2 ||
           rules_.in_use() > NG_RULE_TABLE / 2;
}

Result<PolicyPlace> PolicyWriter::find_place(const policy::CompiledPolicy& policy) const {
    const auto n_bitmaps = static_cast<std::uint32_t>(policy.bitmaps.empty() ? 0 : policy.bitmaps.size() - 1);
    const auto n_rules = static_cast<std::uint32_t>(policy.rules.size());
    const auto bitmap_base = bitmaps_.find_room(n_bitmaps, 1, NG_MAX_BITMAPS);
    if (!bitmap_base) {
        return Error(Code::kExhausted, "no space for " + std::to_string(n_bitmaps) + " bitmaps: the policies of this node need more than " +
                                           std::to_string(NG_MAX_BITMAPS));
    }
    const auto rule_base = rules_.find_room(n_rules, 0, NG_RULE_TABLE);
    if (!rule_base) {
        return Error(Code::kExhausted, "no space for " + std::to_string(n_rules) + " rules: the policies of this node have more than " +
                                           std::to_string(NG_RULE_TABLE));
    }
    PolicyPlace place;
    place.bitmap_base = *bitmap_base;
    place.rule_base = *rule_base;
    place.seed = datapath_->seed();
    NG_ASSIGN(place.id, datapath_->next_policy_id());
    return place;
}

// Policies share names, so an existing name must be equal. The names of a complete policy are never erased, so those of
// `before` need no check.
Result<PolicyWriter::Names> PolicyWriter::missing_names(const policy::CompiledPolicy& policy, const PolicyImage& image,
                                                        const policy::CompiledPolicy* before) {
    NG_ASSIGN(const int fd, datapath_->map(MapId::kSuffixes));
    static const std::vector<policy::PatternEntry> nothing;
    const auto& installed = before != nullptr && whole_.count(before->content_hash) != 0 ? before->patterns : nothing;
    auto known = installed.begin();
    Names names;
    for (std::size_t i = 0; i < policy.patterns.size(); ++i) {
        const policy::DomainPattern& pattern = policy.patterns[i].pattern;
        while (known != installed.end() && known->pattern < pattern) {
            ++known;
        }
        const std::uint64_t key = pattern_hash(image.pattern_ids[i]);
        if ((known != installed.end() && known->pattern == pattern) || names_.count(key) != 0) {
            continue;
        }
        const ng_suffix suffix = suffix_of(pattern);
        NG_ASSIGN(const auto there, map_lookup<ng_suffix>(fd, key));
        if (there && !same_suffix(*there, suffix)) {
            return hash_collision(pattern.text());
        }
        if (there) {
            names_.insert(key);
        } else {
            names.keys.push_back(key);
            names.values.push_back(suffix);
        }
    }
    return names;
}

Result<> PolicyWriter::put(const PolicyImage& image, const Names& names) {
    NG_TRY(write(*datapath_, MapId::kBitmaps, image.bitmap_keys, image.bitmaps));
    NG_TRY(write(*datapath_, MapId::kRules, image.rule_keys, image.rules));
    NG_TRY(write(*datapath_, MapId::kCidr4, image.cidr4_keys, image.cidr4_values));
    NG_TRY(write(*datapath_, MapId::kCidr6, image.cidr6_keys, image.cidr6_values));
    NG_TRY(write(*datapath_, MapId::kPorts, image.port_keys, image.port_values));
    NG_TRY(write(*datapath_, MapId::kSuffixes, names.keys, names.values));
    NG_TRY(write(*datapath_, MapId::kPatterns, image.pattern_keys, image.pattern_values));
    names_.insert(names.keys.begin(), names.keys.end());
    return ok();
}

// Erasing entries that were not written is harmless, and the next collection erases what cannot be erased here. Bitmaps
// and rules are unused without the catalogue entry.
void PolicyWriter::withdraw(PolicyId id, const PolicyImage& image, const Names& names) {
    erase(*datapath_, MapId::kPatterns, image.pattern_keys);
    erase(*datapath_, MapId::kSuffixes, names.keys);
    erase(*datapath_, MapId::kPorts, image.port_keys);
    erase(*datapath_, MapId::kCidr6, image.cidr6_keys);
    erase(*datapath_, MapId::kCidr4, image.cidr4_keys);
    erase(*datapath_, MapId::kPolicies, std::vector<std::uint32_t>{id});
}

Result<PolicyId> PolicyWriter::install(const policy::CompiledPolicy& policy, const policy::CompiledPolicy* before) {
    if (const auto known = whole_.find(policy.content_hash); known != whole_.end()) {
        return known->second;
    }
    NG_ASSIGN(const PolicyPlace place, find_place(policy));
    NG_ASSIGN(const PolicyImage image, make_policy_image(policy, place));
    NG_ASSIGN(const Names names, missing_names(policy, image, before));
    ng_policy entry{};
    entry.bitmap_base = place.bitmap_base;
    entry.n_bitmaps = static_cast<__u32>(image.bitmaps.size());
    entry.n_cidrs = static_cast<__u32>(image.cidr4_keys.size() + image.cidr6_keys.size());
    entry.n_patterns = static_cast<__u32>(image.pattern_keys.size());
    entry.direction = image.direction;
    entry.filter = image.filter;
    // Without a content hash, the entry reserves the extents and tells the garbage collection that the rest may be
    // incomplete.
    NG_ASSIGN(const int fd, datapath_->map(MapId::kPolicies));
    NG_TRY(map_update(fd, place.id, entry).with_context("policies"));
    if (auto written = put(image, names); !written) {
        withdraw(place.id, image, names);
        return written.error().with_context("writing a compiled policy");
    }
    entry.content[0] = policy.content_hash[0];
    entry.content[1] = policy.content_hash[1];
    NG_TRY(map_update(fd, place.id, entry));
    list(place.id, entry);
    return place.id;
}

Result<ng_policy> installed_policy(Datapath& datapath, PolicyId id) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kPolicies));
    NG_ASSIGN(const auto entry, map_lookup<ng_policy>(fd, id));
    if (!entry || !is_complete(*entry)) {
        return Error(Code::kNotFound, "compiled policy " + std::to_string(id) + " is not installed");
    }
    return *entry;
}

Result<std::vector<PolicyId>> installed_policies(Datapath& datapath) {
    NG_ASSIGN(const auto catalogue, read_catalogue(datapath));
    std::vector<PolicyId> ids;
    for (const auto& entry : catalogue) {
        if (is_complete(entry.second)) {
            ids.push_back(entry.first);
        }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

}  // namespace namegate::datapath
