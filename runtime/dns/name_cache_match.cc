// SPDX-License-Identifier: Apache-2.0
//
// Finds the addresses that names lead to by following CNAME links. A path lasts until the first of its links or its
// address expires; of several paths to a name, the one that lasts longest counts. As in Dijkstra's algorithm, each name is
// visited once, in the order of how long its path lasts, longest first.
#include <algorithm>
#include <limits>
#include <queue>

#include "dns/name_cache.h"

namespace namegate::dns {
namespace {

constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kNoStep = std::numeric_limits<std::size_t>::max();

// A visited name and its predecessor on the path.
struct Step {
    std::string_view name;
    std::size_t before = kNoStep;
    std::size_t length = 1;  // names on the path, this one included
};

// A name to be visited.
struct Candidate {
    std::uint64_t expiry = kForever;
    std::string_view name;
    std::size_t before = kNoStep;

    bool operator<(const Candidate& other) const { return expiry < other.expiry; }
};

std::vector<std::string> path_to(const std::vector<Step>& steps, std::size_t last) {
    std::vector<std::string> names;
    for (std::size_t at = last; at != kNoStep; at = steps[at].before) {
        names.emplace_back(steps[at].name);
    }
    std::reverse(names.begin(), names.end());
    return names;
}

void add_names(std::vector<std::string>& names, const std::vector<std::string>& more) {
    for (const std::string& name : more) {
        if (names.size() < kMaxNamesPerAddress && std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(name);
        }
    }
}

// Reports the unexpired addresses. Returns false if `report` does.
template <typename Addresses>
bool report_each(const Addresses& addresses, std::uint64_t expiry, std::uint64_t now, Reached& reached,
                 const std::function<bool(const Reached&)>& report) {
    for (const NameEntry::Address& address : addresses) {
        reached.address = address.address;
        reached.expiry_boot_ns = std::min(expiry, address.expiry_boot_ns);
        if (address.expiry_boot_ns > now && !report(reached)) {
            return false;
        }
    }
    return true;
}

}  // namespace

void NameCache::reach(const Endpoint& endpoint, const Sources& sources, StepBudget& budget,
                      const std::function<bool(const Reached&)>& report) const {
    const std::uint64_t now = clock_.boot_ns();
    std::priority_queue<Candidate> candidates;
    for (const std::string_view source : sources) {
        if (!budget.try_spend()) {
            break;
        }
        candidates.push({kForever, source, kNoStep});
    }
    std::vector<Step> steps;
    std::set<std::string_view> visited;
    while (!candidates.empty()) {
        const Candidate next = candidates.top();
        candidates.pop();
        const auto known = endpoint.names.find(next.name);
        if (known == endpoint.names.end() || !visited.insert(next.name).second) {
            continue;
        }
        const Entry& entry = *known->second;
        const std::size_t length = next.before == kNoStep ? 1 : steps[next.before].length + 1;
        if (!entry.addresses.empty() && !budget.try_spend(length)) {
            return;
        }
        steps.push_back({next.name, next.before, length});
        Reached reached;
        if (!entry.addresses.empty()) {
            reached.names = path_to(steps, steps.size() - 1);
        }
        if (!report_each(entry.addresses, next.expiry, now, reached, report)) {
            return;
        }
        for (const NameEntry::Link& link : entry.links) {
            if (link.expiry_boot_ns <= now || length >= kMaxJoinedNames) {
                continue;
            }
            if (!budget.try_spend()) {
                return;
            }
            candidates.push({std::min(next.expiry, link.expiry_boot_ns), link.target, steps.size() - 1});
        }
    }
}

void NameCache::for_each_match(std::uint32_t endpoint, const policy::DomainPattern& pattern, const Report& report) const {
    StepBudget budget(kMaxMatchSteps);
    for_each_match(endpoint, pattern, budget, report);
}

void NameCache::for_each_match(std::uint32_t endpoint, const policy::DomainPattern& pattern, StepBudget& budget,
                               const Report& report) const {
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return;
    }
    // A name that is only a CNAME target has no entry, and leads to no address.
    Sources sources;
    const auto& names = own->second.names;
    if (pattern.kind() == policy::DomainPattern::Kind::kExact) {
        sources.emplace_back(pattern.text());
    } else {
        const std::string ending(pattern.text().substr(pattern.text().find('*') + 1));
        for (auto named = names.lower_bound(ending); named != names.end() && named->first.ends_with(ending); ++named) {
            if (pattern.matches(named->first)) {
                sources.emplace_back(named->first);
            }
        }
    }
    reach(own->second, sources, budget, [&report](const Reached& reached) {
        report(reached);
        return true;
    });
}

std::vector<std::string> NameCache::with_leading_names(const Endpoint& endpoint, std::vector<std::string> names, StepBudget& budget) {
    names.reserve(std::max(names.size(), kMaxJoinedNames));  // keeps the views valid
    std::set<std::string_view> known(names.begin(), names.end());
    for (std::size_t i = 0; i < names.size() && names.size() < kMaxJoinedNames; ++i) {
        const std::string target = names[i];
        for (auto it = endpoint.owners_by_target.lower_bound({target, ""});
             it != endpoint.owners_by_target.end() && it->first == target && names.size() < kMaxJoinedNames && budget.try_spend(); ++it) {
            if (known.insert(it->second).second) {
                names.push_back(it->second);
            }
        }
    }
    return names;
}

Joined NameCache::for_each_joined(std::uint32_t endpoint, const Learning& learning, const Report& report) const {
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return {};
    }
    // At most half of the steps are for finding the names to start at; the rest is for the walks from there.
    StepBudget finding(kMaxJoinSteps / 2);
    std::vector<std::string> sources = with_leading_names(own->second, learning.chain_names, finding);
    // Start with the names that lead to those of the response. Most addresses of its own names are in the response itself.
    std::rotate(sources.begin(), sources.begin() + std::ssize(learning.chain_names), sources.end());
    StepBudget walking(kMaxJoinSteps / 2 + finding.left());
    std::size_t reports = 0;
    for (const std::string& name : sources) {
        reach(own->second, {name}, walking, [&](const Reached& reached) {
            report(reached);
            return ++reports < kMaxJoinedReports;
        });
        if (walking.cut() || reports >= kMaxJoinedReports) {
            break;
        }
    }
    return {kMaxJoinSteps - walking.left(), finding.cut() || walking.cut() || reports >= kMaxJoinedReports};
}

std::vector<std::string> NameCache::leading_names_of(const Endpoint& endpoint, const Entry& entry) {
    StepBudget budget(kMaxJoinSteps);
    return with_leading_names(endpoint, {entry.name}, budget);
}

std::map<IpAddress, std::vector<std::string>> NameCache::names_by_address(std::uint32_t endpoint) const {
    std::map<IpAddress, std::vector<std::string>> out;
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return out;
    }
    const std::uint64_t now = clock_.boot_ns();
    for (const auto& named : own->second.names) {
        const Entry& entry = *named.second;
        const std::vector<std::string> leading =
            entry.addresses.empty() ? std::vector<std::string>() : leading_names_of(own->second, entry);
        for (const NameEntry::Address& address : entry.addresses) {
            if (address.expiry_boot_ns <= now) {
                continue;
            }
            add_names(out[address.address], leading);
        }
    }
    return out;
}

std::vector<std::string> NameCache::names_of(std::uint32_t endpoint, const IpAddress& address) const {
    std::vector<std::string> out;
    const auto own = endpoints_.find(endpoint);
    if (own == endpoints_.end()) {
        return out;
    }
    const std::uint64_t now = clock_.boot_ns();
    for (const auto& named : own->second.names) {
        const Entry& entry = *named.second;
        const auto found = std::lower_bound(entry.addresses.begin(), entry.addresses.end(), address,
                                            [](const NameEntry::Address& one, const IpAddress& other) { return one.address < other; });
        if (found != entry.addresses.end() && found->address == address && found->expiry_boot_ns > now) {
            add_names(out, leading_names_of(own->second, entry));
        }
    }
    return out;
}

}  // namespace namegate::dns
