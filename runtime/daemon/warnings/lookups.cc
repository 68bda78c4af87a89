// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/lookups.h"

#include <algorithm>

namespace namegate::daemon {

namespace {

using policy::CompiledPolicy;
using policy::PatternEntry;

using Entries = std::vector<PatternEntry>;

// The patterns of a policy are sorted by text.
Entries::const_iterator first_from(const Entries& entries, std::string_view text) {
    return std::lower_bound(entries.begin(), entries.end(), text,
                            [](const PatternEntry& entry, std::string_view wanted) { return entry.pattern.text() < wanted; });
}

}  // namespace

void Lookups::note(const CompiledPolicy& egress, const std::vector<std::string>& names) {
    const Entries& entries = egress.patterns;
    if (entries.empty()) {
        return;
    }
    const auto exactly = [&](std::string_view text) {
        if (const auto found = first_from(entries, text); found != entries.end() && found->pattern.text() == text) {
            note(egress, *found);
        }
    };
    for (const std::string& name : names) {
        exactly(name);
        for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
            exactly("*" + name.substr(dot));
            // A pattern with the wildcard in the middle begins with the first labels of the name.
            const std::string beginning = name.substr(0, dot) + ".*.";
            for (auto entry = first_from(entries, beginning);
                 entry != entries.end() && entry->pattern.text().substr(0, beginning.size()) == beginning; ++entry) {
                if (entry->pattern.matches(name)) {
                    note(egress, *entry);
                }
            }
        }
    }
}

void Lookups::note(const CompiledPolicy& egress, const PatternEntry& entry) {
    const policy::Bitmap& rules = egress.bitmaps[entry.bitmap];
    for (std::size_t rule = 0; rule < egress.rules.size(); ++rule) {
        if (policy::has_rule(rules, rule)) {
            const policy::RuleOrigin& origin = egress.rules[rule].origin;
            add({origin.policy_kind, origin.policy_name}, entry.pattern);
        }
    }
}

void Lookups::note(const policy::Policy& policy, const policy::DomainPattern& domain) { add({policy.kind, policy.full_name()}, domain); }

void Lookups::add(Key key, const policy::DomainPattern& domain) {
    if (count_ < limit_) {
        count_ += domains_[std::move(key)].insert(domain).second ? 1U : 0U;
    }
}

bool Lookups::has(const policy::Policy& policy, const policy::DomainPattern& domain) const {
    const auto found = domains_.find({policy.kind, policy.full_name()});
    return count_ >= limit_ || (found != domains_.end() && found->second.count(domain) != 0);
}

void Lookups::keep(const policy::Snapshot& snapshot) {
    std::set<Key> kept;
    for (const policy::Snapshot::TierView& tier : snapshot.tiers()) {
        for (const policy::Policy* policy : tier.policies) {
            kept.insert({policy->kind, policy->full_name()});
        }
    }
    for (auto entry = domains_.begin(); entry != domains_.end();) {
        const bool keep = kept.count(entry->first) != 0;
        count_ -= keep ? 0 : entry->second.size();
        entry = keep ? std::next(entry) : domains_.erase(entry);
    }
}

}  // namespace namegate::daemon
