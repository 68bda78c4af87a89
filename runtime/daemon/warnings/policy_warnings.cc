// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/policy_warnings.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/listed.h"

namespace namegate::daemon {

namespace {

constexpr std::size_t kShownDomains = 4;

// Only domains in the policy itself: sets usually have more domains than the endpoints look up.
std::set<policy::DomainPattern> domains_of(const policy::Policy& policy) {
    std::set<policy::DomainPattern> out;
    for (const policy::Rule& rule : policy.egress) {
        for (const policy::DomainPattern& domain : rule.destination.domains) {
            if (out.size() < kMaxDomainsWatched) {
                out.insert(domain);
            }
        }
    }
    return out;
}

std::size_t hash_of(const std::set<policy::DomainPattern>& domains) {
    std::size_t hash = domains.size();
    for (const policy::DomainPattern& domain : domains) {
        hash = hash * 31 + std::hash<std::string_view>()(domain.text());
    }
    return hash;
}

}  // namespace

std::string subject_of(const policy::Policy& policy) { return policy.kind + " " + policy.full_name(); }

std::string text_of(const policy::Policy& policy) {
    return subject_of(policy) + " (" + policy::line_text(policy.place.file, policy.place.line) + ")";
}

bool PolicyWarnings::is_settled(std::uint64_t since) const { return clock_.boot_ns() - since >= kWarningGraceSeconds * 1'000'000'000; }

std::uint64_t PolicyWarnings::since_when(const std::string& subject, std::size_t domains) {
    const auto [found, is_new] = policies_.try_emplace(subject, Age{clock_.boot_ns(), domains, round_});
    Age& age = found->second;
    if (!is_new && age.domains != domains) {
        age = {clock_.boot_ns(), domains, round_};
    }
    age.round = round_;
    return age.since;
}

void PolicyWarnings::begin(const std::vector<std::uint32_t>& endpoints) {
    ++round_;
    next_ = Found();
    std::map<std::uint32_t, std::uint64_t> known;
    for (const std::uint32_t endpoint : endpoints) {
        const auto before = endpoints_.find(endpoint);
        known[endpoint] = before == endpoints_.end() ? clock_.boot_ns() : before->second;
    }
    endpoints_ = std::move(known);
}

std::size_t PolicyWarnings::check(const policy::Policy& policy, const Selected& selected, const IsCached& is_cached) {
    if (!selected.endpoints.empty()) {
        return check_domains(policy, selected, is_cached);
    }
    const std::uint64_t since = since_when(subject_of(policy), 0);
    // No warning on a node without endpoints, or while it is unknown whether some endpoint is selected.
    if (!endpoints_.empty() && selected.unknown == 0) {
        next_.unselected.push_back(
            {"policy selects no endpoint", subject_of(policy), text_of(policy) + " selects no endpoint of this node"});
        if (is_settled(since)) {
            next_.to_log.push_back(next_.unselected.back());
        }
    }
    return 1;
}

std::size_t PolicyWarnings::check_domains(const policy::Policy& policy, const Selected& selected, const IsCached& is_cached) {
    const std::set<policy::DomainPattern> domains = domains_of(policy);
    const std::uint64_t since = since_when(subject_of(policy), hash_of(domains));
    const bool some_settled = std::any_of(selected.endpoints.begin(), selected.endpoints.end(), [this](std::uint32_t endpoint) {
        const auto known = endpoints_.find(endpoint);
        return known != endpoints_.end() && is_settled(known->second);
    });
    std::size_t cost = 1 + domains.size();
    if (policy.staged || !some_settled || !is_settled(since)) {
        return cost;
    }
    std::vector<std::string> missing;
    for (const policy::DomainPattern& domain : domains) {
        if (lookups_.has(policy, domain)) {
            continue;
        }
        cost += selected.endpoints.size();
        if (std::any_of(selected.endpoints.begin(), selected.endpoints.end(),
                        [&](std::uint32_t endpoint) { return is_cached(endpoint, domain); })) {
            lookups_.note(policy, domain);
        } else {
            missing.emplace_back(domain.text());
        }
    }
    if (!missing.empty()) {
        next_.not_looked_up.push_back({"domains never looked up", subject_of(policy),
                                       "no endpoint that " + text_of(policy) + " selects has looked up " + listed(missing, kShownDomains) +
                                           " at a trusted DNS server since the daemon started"});
        next_.to_log.push_back(next_.not_looked_up.back());
        next_.domains += missing.size();
    }
    return cost;
}

void PolicyWarnings::end() {
    shown_ = std::move(next_);
    next_ = Found();
    for (auto entry = policies_.begin(); entry != policies_.end();) {
        entry = entry->second.round == round_ ? std::next(entry) : policies_.erase(entry);
    }
}

}  // namespace namegate::daemon
