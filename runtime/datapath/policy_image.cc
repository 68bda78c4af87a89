// SPDX-License-Identifier: Apache-2.0
#include "datapath/policy_image.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "datapath/pattern_id.h"

namespace namegate::datapath {

namespace {

using Kind = policy::DomainPattern::Kind;

std::uint32_t absolute(policy::BitmapIndex index, const PolicyPlace& place) { return index == 0 ? 0 : place.bitmap_base + index - 1; }

Result<> check(const policy::CompiledPolicy& policy) {
    const auto fail = [](const char* what) { return Error(Code::kInternal, std::string("a compiled policy ") + what); };
    if (policy.rules.empty() || policy.rules.size() > NG_MAX_RULES) {
        return fail("has no rules or too many rules");
    }
    if (policy.bitmaps.empty()) {
        return fail("has no empty bitmap");
    }
    for (const auto& bitmap : policy.bitmaps) {
        if (bitmap.size() != policy.words()) {
            return fail("has a bitmap of another size");
        }
    }
    const auto bad = [&](policy::BitmapIndex index) { return index >= policy.bitmaps.size(); };
    const auto bad_cidr = [&](const policy::CidrEntry& entry) { return bad(entry.match) || bad(entry.exclude); };
    const auto bad_port = [&](const policy::PortEntry& entry) { return bad(entry.bitmap) || entry.prefix_bits > 16; };
    const auto bad_pattern = [&](const policy::PatternEntry& entry) { return bad(entry.bitmap); };
    if (bad(policy.bound) || std::any_of(policy.cidrs.begin(), policy.cidrs.end(), bad_cidr) ||
        std::any_of(policy.ports.begin(), policy.ports.end(), bad_port) ||
        std::any_of(policy.source_ports.begin(), policy.source_ports.end(), bad_port) ||
        std::any_of(policy.patterns.begin(), policy.patterns.end(), bad_pattern)) {
        return fail("refers to a bitmap that it does not have");
    }
    const auto out_of_order = [](const auto& a, const auto& b) { return a.pattern >= b.pattern; };
    if (std::adjacent_find(policy.patterns.begin(), policy.patterns.end(), out_of_order) != policy.patterns.end()) {
        return fail("has patterns that are not in order");
    }
    return ok();
}

std::uint8_t flags_of(const policy::TlsBinding& tls) {
    switch (tls.names) {
        case policy::TlsNames::kOff: return 0;
        case policy::TlsNames::kVerify: break;
        case policy::TlsNames::kRequire: return tls.quic == policy::Quic::kAllow ? NG_RULE_REQUIRE | NG_RULE_QUIC : NG_RULE_REQUIRE;
    }
    return tls.quic == policy::Quic::kAllow ? NG_RULE_VERIFY | NG_RULE_QUIC : NG_RULE_VERIFY;
}

void add_bitmaps_and_rules(const policy::CompiledPolicy& policy, const PolicyPlace& place, PolicyImage& image) {
    for (std::uint32_t i = 1; i < policy.bitmaps.size(); ++i) {
        ng_bitmap bitmap{};
        std::copy(policy.bitmaps[i].begin(), policy.bitmaps[i].end(), std::begin(bitmap.words));
        image.bitmap_keys.push_back(absolute(i, place));
        image.bitmaps.push_back(bitmap);
    }
    for (std::uint32_t i = 0; i < policy.rules.size(); ++i) {
        image.rule_keys.push_back(place.rule_base + i);
        const policy::CompiledRule& rule = policy.rules[i];
        image.rules.push_back({static_cast<__u8>(rule.action), flags_of(rule.tls), rule.next});
    }
}

void add_cidr(const policy::CidrEntry& entry, const PolicyPlace& place, PolicyImage& image) {
    const ng_cidr_value value{absolute(entry.match, place), absolute(entry.exclude, place)};
    const auto& bytes = entry.prefix.address().bytes();
    if (entry.prefix.is_v4()) {
        ng_cidr4_key key{32 + entry.prefix.length(), place.id, 0};
        std::memcpy(&key.be_addr, bytes.data() + 12, 4);
        image.cidr4_keys.push_back(key);
        image.cidr4_values.push_back(value);
        return;
    }
    ng_cidr6_key key{32 + entry.prefix.length(), place.id, {}};
    std::memcpy(&key.addr, bytes.data(), 16);
    image.cidr6_keys.push_back(key);
    image.cidr6_values.push_back(value);
}

// If the only prefix of a family covers all of it, the programs need no lookup.
void add_cidrs(const policy::CompiledPolicy& policy, const PolicyPlace& place, PolicyImage& image) {
    for (const auto& entry : policy.cidrs) {
        const bool v4 = entry.prefix.is_v4();
        if (entry.prefix.length() == 0) {
            (v4 ? image.direction.any4 : image.direction.any6) = absolute(entry.match, place);
        }
        if (entry.prefix.length() != 0 || entry.exclude != 0) {
            image.direction.flags = static_cast<__u16>(image.direction.flags | (v4 ? NG_DIR_CIDR4 : NG_DIR_CIDR6));
        }
    }
    for (const auto& entry : policy.cidrs) {
        if ((image.direction.flags & (entry.prefix.is_v4() ? NG_DIR_CIDR4 : NG_DIR_CIDR6)) != 0) {
            add_cidr(entry, place, image);
        }
    }
}

void add_ports(const std::vector<policy::PortEntry>& entries, ng_port_side side, const PolicyPlace& place, PolicyImage& image) {
    for (const auto& entry : entries) {
        ng_port_key key{};
        key.prefix_len = entry.any_protocol ? 40 : 48U + entry.prefix_bits;
        key.policy = place.id;
        key.side = static_cast<__u8>(side);
        if (entry.any_protocol) {
            if (side == NG_PORT_DESTINATION) {
                image.direction.no_port = absolute(entry.bitmap, place);
            }
        } else {
            key.protocol = entry.protocol;
            key.port[0] = static_cast<__u8>(entry.port >> 8);
            key.port[1] = static_cast<__u8>(entry.port & 0xff);
        }
        image.port_keys.push_back(key);
        image.port_values.push_back(absolute(entry.bitmap, place));
    }
}

std::size_t count_labels(std::string_view name) {
    return name.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(name.begin(), name.end(), '.'));
}

std::uint32_t middle_length_bit(std::size_t labels) {
    return labels >= 1 && labels <= NG_MID_PREFIX_LABELS ? 1U << (labels - 1) : NG_MID_DEEP;
}

bool same_labels(const policy::DomainPattern& a, const policy::DomainPattern& b) {
    return a.suffix() == b.suffix() && a.prefix() == b.prefix();
}

// For wildcards in the middle: an entry under the id of the labels after the wildcard holds a bit mask of the possible
// label counts before it.
using Markers = std::map<std::uint64_t, std::uint32_t>;

struct Found {
    std::uint64_t id;
    const policy::PatternEntry* entry;
};

// Sorts by id. Patterns with the same labels but different kinds then are neighbours, and so are patterns whose hashes
// collide.
Result<> check_collisions(std::vector<Found>& found, const Markers& markers) {
    const auto before = [](const Found& a, const Found& b) { return a.id < b.id; };
    std::sort(found.begin(), found.end(), before);
    const auto clash = [](const Found& a, const Found& b) {
        return pattern_hash(a.id) == pattern_hash(b.id) && (a.id == b.id || !same_labels(a.entry->pattern, b.entry->pattern));
    };
    if (const auto at = std::adjacent_find(found.begin(), found.end(), clash); at != found.end()) {
        return hash_collision(at->entry->pattern.text());
    }
    for (const auto& marker : markers) {
        if (std::binary_search(found.begin(), found.end(), Found{marker.first, nullptr}, before)) {
            return hash_collision("a wildcard in the middle");
        }
    }
    return ok();
}

// Of a.*.suffix only the marker is in the filter, because the programs look up the pattern itself only after its marker.
void add_to_filter(ng_pattern_filter& filter, std::uint64_t id) { filter.words[NG_FILTER_WORD(id)] |= 1U << NG_FILTER_BIT(id); }

Result<> add_patterns(const policy::CompiledPolicy& policy, const PolicyPlace& place, PolicyImage& image) {
    std::vector<Found> found;
    Markers markers;
    found.reserve(policy.patterns.size());
    image.pattern_ids.reserve(policy.patterns.size());
    for (const auto& entry : policy.patterns) {
        const std::uint64_t id = pattern_id(place.seed, entry.pattern);
        image.pattern_ids.push_back(id);
        found.push_back({id, &entry});
        if (entry.pattern.kind() != Kind::kMiddle) {
            add_to_filter(image.filter, id);
        } else {
            const std::uint64_t marker = pattern_hash(hash_labels(place.seed, entry.pattern.suffix_labels())) | NG_PATTERN_MID;
            markers[marker] |= middle_length_bit(count_labels(entry.pattern.prefix()));
        }
        const std::size_t depth = std::max<std::size_t>(image.direction.max_labels, count_labels(entry.pattern.suffix()));
        image.direction.max_labels = static_cast<__u16>(depth);
    }
    NG_TRY(check_collisions(found, markers));
    image.pattern_keys.reserve(found.size() + markers.size());
    image.pattern_values.reserve(found.size() + markers.size());
    for (const Found& one : found) {
        image.pattern_keys.push_back({one.id, place.id, 0});
        image.pattern_values.push_back({absolute(one.entry->bitmap, place), 0});
    }
    for (const auto& marker : markers) {
        add_to_filter(image.filter, marker.first);
        image.pattern_keys.push_back({marker.first, place.id, 0});
        image.pattern_values.push_back({marker.second, 0});
    }
    const unsigned flags = (policy.patterns.empty() ? 0 : NG_DIR_DOMAINS) | (markers.empty() ? 0 : NG_DIR_MID);
    image.direction.flags = static_cast<__u16>(image.direction.flags | flags);
    return ok();
}

}  // namespace

Result<PolicyImage> make_policy_image(const policy::CompiledPolicy& policy, const PolicyPlace& place) {
    NG_TRY(check(policy));
    PolicyImage image;
    image.direction.policy = place.id;
    image.direction.rule_base = place.rule_base;
    image.direction.words = static_cast<__u16>(policy.words());
    image.direction.n_rules = static_cast<__u16>(policy.rules.size());
    add_bitmaps_and_rules(policy, place, image);
    add_cidrs(policy, place, image);
    add_ports(policy.ports, NG_PORT_DESTINATION, place, image);
    add_ports(policy.source_ports, NG_PORT_SOURCE, place, image);
    if (!policy.source_ports.empty()) {
        image.direction.flags = static_cast<__u16>(image.direction.flags | NG_DIR_SPORT);
    }
    if (policy.bound != 0) {
        image.direction.flags = static_cast<__u16>(image.direction.flags | NG_DIR_TLS);
        image.direction.bound = absolute(policy.bound, place);
    }
    NG_TRY(add_patterns(policy, place, image));
    return image;
}

}  // namespace namegate::datapath
