// SPDX-License-Identifier: Apache-2.0
#include "policy/concern.h"

#include <algorithm>
#include <deque>
#include <iterator>

#include "policy/selection.h"

namespace namegate::policy {
namespace {

std::vector<const Resource*> sorted(const Snapshot& snapshot) {
    std::vector<const Resource*> out;
    out.reserve(snapshot.resources().size());
    for (const auto& resource : snapshot.resources()) {
        out.push_back(resource.get());
    }
    std::sort(out.begin(), out.end());
    return out;
}

bool has_name(const Port& port) { return !port.name.empty(); }

// Namespaces are left out of account: a set of another namespace only looks like one that is reached.
bool reaches(const EntityRule& side, const Labels& labels, bool is_set) {
    // What a name stands for is for the endpoints' documents to say.
    if (!is_set && (std::any_of(side.ports.begin(), side.ports.end(), has_name) ||
                    std::any_of(side.not_ports.begin(), side.not_ports.end(), has_name))) {
        return true;
    }
    if (side.not_selector && side.not_selector->matches(labels)) {
        return true;
    }
    if (!Resolver::selects(side) || (is_set && side.service_accounts)) {
        return false;
    }
    return !side.selector || side.selector->matches(labels);
}

bool reaches(const std::vector<Rule>& rules, const std::vector<const Labels*>& labels, bool is_set) {
    return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) {
        return std::any_of(labels.begin(), labels.end(), [&](const Labels* one) {
            return reaches(rule.destination, *one, is_set) || reaches(rule.source, *one, is_set);
        });
    });
}

}  // namespace

Concern Concern::of_change(const Snapshot& before, const Snapshot& after) {
    // A file that did not change keeps its resources, and they their places in memory.
    const std::vector<const Resource*> old = sorted(before);
    const std::vector<const Resource*> now = sorted(after);
    std::vector<const Resource*> gone;
    std::vector<const Resource*> come;
    std::set_difference(old.begin(), old.end(), now.begin(), now.end(), std::back_inserter(gone));
    std::set_difference(now.begin(), now.end(), old.begin(), old.end(), std::back_inserter(come));
    Concern out;
    std::deque<Labels> made;
    std::vector<const Labels*> labels;
    const auto take = [&](const std::vector<const Resource*>& changed, const Snapshot& snapshot) {
        for (const Resource* resource : changed) {
            if (const Policy* policy = std::get_if<Policy>(resource)) {
                out.policies_.push_back(policy);
            } else if (const NetworkSet* set = std::get_if<NetworkSet>(resource)) {
                made.push_back(effective_labels(*set, snapshot));
                labels.push_back(&made.back());
            } else {
                out.everybody_ = true;  // a tier, or labels of pods
            }
        }
    };
    take(gone, before);
    take(come, after);
    if (!out.everybody_ && !labels.empty()) {
        out.add_policies_reaching(after, labels, true);
    }
    return out;
}

Concern Concern::of_endpoint(const Snapshot& snapshot, const Labels& labels) {
    Concern out;
    out.add_policies_reaching(snapshot, {&labels}, false);
    return out;
}

Concern Concern::everybody() {
    Concern out;
    out.everybody_ = true;
    return out;
}

void Concern::add_policies_reaching(const Snapshot& snapshot, const std::vector<const Labels*>& labels, bool of_sets) {
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            if (reaches(policy->egress, labels, of_sets) || reaches(policy->ingress, labels, of_sets)) {
                policies_.push_back(policy);
            }
        }
    }
}

bool Concern::includes(const EndpointView& endpoint, const Labels& labels) const {
    return everybody_ ||
           std::any_of(policies_.begin(), policies_.end(), [&](const Policy* policy) { return policy_selects(*policy, endpoint, labels); });
}

}  // namespace namegate::policy
