// SPDX-License-Identifier: Apache-2.0
#include "datapath/policy_writer.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_set>
#include <utility>

#include "datapath/endpoint_writer.h"
#include "datapath/extents.h"
#include "datapath/map.h"
#include "datapath/pattern_id.h"
#include "datapath/policy_image.h"

namespace namegate::datapath {

namespace {

using Catalogue = std::vector<std::pair<std::uint32_t, ng_policy>>;

Result<Catalogue> read_catalogue(Datapath& datapath) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kPolicies));
    return map_entries<std::uint32_t, ng_policy>(fd);
}

bool is_complete(const ng_policy& entry) { return entry.content[0] != 0 || entry.content[1] != 0; }

template <typename K, typename V>
Result<> put(Datapath& datapath, MapId map, const std::vector<K>& keys, const std::vector<V>& values) {
    if (keys.empty()) {
        return ok();
    }
    NG_ASSIGN(const int fd, datapath.map(map));
    return map_update_many(fd, keys, values).with_context(map_name(map));
}

template <typename K, typename V>
Result<> erase_of(Datapath& datapath, MapId map, const std::set<PolicyId>& ids) {
    NG_ASSIGN(const int fd, datapath.map(map));
    std::vector<K> keys;
    NG_TRY((map_for_each<K, V>(fd, [&](const K& key, const V&) {
        if (ids.count(key.policy) != 0) {
            keys.push_back(key);
        }
    })));
    return map_erase_many(fd, keys).with_context(map_name(map));
}

// With the names that no other policy has. These first: whoever dies before the patterns went does both again.
Result<> erase_patterns(Datapath& datapath, const std::set<PolicyId>& ids) {
    NG_ASSIGN(const int patterns, datapath.map(MapId::kPatterns));
    std::vector<ng_pattern_key> gone;
    std::vector<std::uint64_t> others;
    NG_TRY((map_for_each<ng_pattern_key, ng_pattern_value>(patterns, [&](const ng_pattern_key& key, const ng_pattern_value&) {
        if (ids.count(key.policy) != 0) {
            gone.push_back(key);
        } else {
            others.push_back(pattern_hash(key.id));
        }
    })));
    std::unordered_set<std::uint64_t> lonely;
    for (const ng_pattern_key& key : gone) {
        lonely.insert(pattern_hash(key.id));
    }
    for (const std::uint64_t hash : others) {
        lonely.erase(hash);
    }
    NG_ASSIGN(const int suffixes, datapath.map(MapId::kSuffixes));
    NG_TRY(map_erase_many(suffixes, std::vector<std::uint64_t>(lonely.begin(), lonely.end())).with_context(map_name(MapId::kSuffixes)));
    return map_erase_many(patterns, gone).with_context(map_name(MapId::kPatterns));
}

// The catalogue entries lose their content first, so that nobody takes half a policy for a whole one, and go last:
// whoever dies before leaves the policy to the next who cleans up.
Result<> purge(Datapath& datapath, const Catalogue& gone) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kPolicies));
    std::set<PolicyId> ids;
    bool cidrs = false;
    bool patterns = false;
    for (const auto& entry : gone) {
        ng_policy doomed = entry.second;
        doomed.content[0] = 0;
        doomed.content[1] = 0;
        NG_TRY(map_update(fd, entry.first, doomed));
        ids.insert(entry.first);
        cidrs = cidrs || entry.second.n_cidrs != 0;
        patterns = patterns || entry.second.n_patterns != 0;
    }
    if (cidrs) {
        NG_TRY((erase_of<ng_cidr4_key, ng_cidr_value>(datapath, MapId::kCidr4, ids)));
        NG_TRY((erase_of<ng_cidr6_key, ng_cidr_value>(datapath, MapId::kCidr6, ids)));
    }
    NG_TRY((erase_of<ng_port_key, std::uint32_t>(datapath, MapId::kPorts, ids)));
    if (patterns) {
        NG_TRY(erase_patterns(datapath, ids));
    }
    return map_erase_many(fd, std::vector<std::uint32_t>(ids.begin(), ids.end()));
}

}  // namespace

void wait_for_programs() { static_cast<void>(::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0)); }

void PolicyWriter::list(PolicyId id, const ng_policy& entry) {
    bitmaps_.push_back({entry.bitmap_base, entry.n_bitmaps});
    rules_.push_back({entry.direction.rule_base, entry.direction.n_rules});
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

bool PolicyWriter::crowded() const {
    const auto in_use = [](const std::vector<Extent>& extents) {
        return std::accumulate(extents.begin(), extents.end(), std::size_t{0},
                               [](std::size_t sum, const Extent& extent) { return sum + extent.size; });
    };
    return rules_.size() > NG_MAX_POLICIES / 2 || patterns_ > pattern_room_ / 2 || in_use(bitmaps_) > NG_MAX_BITMAPS / 2 ||
           in_use(rules_) > NG_RULE_TABLE / 2;
}

// While a policy is whole its names are not removed.
void PolicyWriter::trust_names_of(const policy::CompiledPolicy& installed) {
    for (const policy::PatternEntry& entry : installed.patterns) {
        suffixes_.insert(pattern_hash(pattern_id(datapath_->seed(), entry.pattern)));
    }
}

Result<PolicyPlace> PolicyWriter::find_place(const policy::CompiledPolicy& policy) const {
    const auto n_bitmaps = static_cast<std::uint32_t>(policy.bitmaps.empty() ? 0 : policy.bitmaps.size() - 1);
    const auto n_rules = static_cast<std::uint32_t>(policy.rules.size());
    const auto bitmap_base = find_room(bitmaps_, n_bitmaps, 1, NG_MAX_BITMAPS);
    if (!bitmap_base) {
        return Error(Code::kExhausted, "no room for " + std::to_string(n_bitmaps) + " bitmaps: the policies of this node need more than " +
                                           std::to_string(NG_MAX_BITMAPS));
    }
    const auto rule_base = find_room(rules_, n_rules, 0, NG_RULE_TABLE);
    if (!rule_base) {
        return Error(Code::kExhausted, "no room for " + std::to_string(n_rules) + " rules: the policies of this node have more than " +
                                           std::to_string(NG_RULE_TABLE));
    }
    PolicyPlace place;
    place.bitmap_base = *bitmap_base;
    place.rule_base = *rule_base;
    place.seed = datapath_->seed();
    NG_ASSIGN(place.id, datapath_->next_policy_id());
    return place;
}

// Suffixes are shared between policies: what is there already must be the same.
Result<> PolicyWriter::put_suffixes(const PolicyImage& image) {
    NG_ASSIGN(const int fd, datapath_->map(MapId::kSuffixes));
    std::vector<std::uint64_t> keys;
    std::vector<ng_suffix> values;
    for (const auto& entry : image.suffixes) {
        if (suffixes_.count(entry.first) != 0) {
            continue;
        }
        NG_ASSIGN(const auto there, map_lookup<ng_suffix>(fd, entry.first));
        if (there && !same_suffix(*there, entry.second)) {
            return Error(Code::kInternal,
                         "two domain patterns have the same hash: remove the pinned objects and start again, which draws another seed");
        }
        if (!there) {
            keys.push_back(entry.first);
            values.push_back(entry.second);
        }
    }
    NG_TRY(put(*datapath_, MapId::kSuffixes, keys, values));
    for (const auto& entry : image.suffixes) {
        suffixes_.insert(entry.first);
    }
    return ok();
}

Result<> PolicyWriter::put_image(const PolicyImage& image) {
    NG_TRY(put(*datapath_, MapId::kBitmaps, image.bitmap_keys, image.bitmaps));
    NG_TRY(put(*datapath_, MapId::kRules, image.rule_keys, image.rules));
    NG_TRY(put(*datapath_, MapId::kCidr4, image.cidr4_keys, image.cidr4_values));
    NG_TRY(put(*datapath_, MapId::kCidr6, image.cidr6_keys, image.cidr6_values));
    NG_TRY(put(*datapath_, MapId::kPorts, image.port_keys, image.port_values));
    NG_TRY(put_suffixes(image));
    return put(*datapath_, MapId::kPatterns, image.pattern_keys, image.pattern_values);
}

Result<PolicyId> PolicyWriter::install(const policy::CompiledPolicy& policy, const policy::CompiledPolicy* before) {
    if (const auto known = whole_.find(policy.content_hash); known != whole_.end()) {
        return known->second;
    }
    if (before != nullptr && whole_.count(before->content_hash) != 0) {
        trust_names_of(*before);
    }
    NG_ASSIGN(const PolicyPlace place, find_place(policy));
    NG_ASSIGN(const PolicyImage image, make_policy_image(policy, place));
    ng_policy entry{};
    entry.bitmap_base = place.bitmap_base;
    entry.n_bitmaps = static_cast<__u32>(image.bitmaps.size());
    entry.n_cidrs = static_cast<__u32>(image.cidr4_keys.size() + image.cidr6_keys.size());
    entry.n_patterns = static_cast<__u32>(image.pattern_keys.size());
    entry.direction = image.direction;
    // Without content it reserves the extents, and tells whoever cleans up that the rest may be incomplete.
    NG_ASSIGN(const int fd, datapath_->map(MapId::kPolicies));
    NG_TRY(map_update(fd, place.id, entry).with_context("policies"));
    if (auto written = put_image(image); !written) {
        static_cast<void>(purge(*datapath_, {{place.id, entry}}));  // or the next remove_unused_policies() does it
        suffixes_.clear();
        return written.error().with_context("writing a compiled policy");
    }
    entry.content[0] = policy.content_hash[0];
    entry.content[1] = policy.content_hash[1];
    NG_TRY(map_update(fd, place.id, entry));
    list(place.id, entry);
    return place.id;
}

Result<std::size_t> remove_unused_policies(Datapath& datapath, const std::set<PolicyId>& in_use) {
    NG_ASSIGN(const auto catalogue, read_catalogue(datapath));
    NG_ASSIGN(const auto of_endpoints, policies_in_use(datapath));
    Catalogue gone;
    for (const auto& entry : catalogue) {
        if (in_use.count(entry.first) == 0 && of_endpoints.count(entry.first) == 0) {
            gone.push_back(entry);
        }
    }
    if (gone.empty()) {
        return std::size_t{0};
    }
    wait_for_programs();
    NG_TRY(purge(datapath, gone));
    return gone.size();
}

Result<ng_direction> policy_direction(Datapath& datapath, PolicyId id) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kPolicies));
    NG_ASSIGN(const auto entry, map_lookup<ng_policy>(fd, id));
    if (!entry || !is_complete(*entry)) {
        return Error(Code::kNotFound, "compiled policy " + std::to_string(id) + " is not installed");
    }
    return entry->direction;
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
