// SPDX-License-Identifier: Apache-2.0
#include "policy/model/affected_endpoints.h"

#include <algorithm>
#include <deque>
#include <iterator>

#include "policy/model/label_index.h"
#include "policy/model/own_side.h"
#include "policy/model/selection.h"

namespace namegate::policy {
namespace {

using Files = std::vector<const FileResources*>;

Files sorted(const Snapshot& snapshot) {
    Files out;
    out.reserve(snapshot.files().size());
    for (const auto& file : snapshot.files()) {
        out.push_back(file.get());
    }
    std::sort(out.begin(), out.end());
    return out;
}

// The changed sets, or the changed endpoint. Ignores namespaces: a set of another namespace can count as selected, which
// includes unaffected endpoints and omits none.
class Changed {
  public:
    Changed(const std::vector<SeenLabels>& changed, bool is_set) : changed_(changed), is_set_(is_set) {
        for (const SeenLabels& one : changed) {
            index_.add(*one.labels);
            gaps_ = gaps_ || one.gaps.any();
        }
        index_.sort();
    }

    bool is_selected_by(const std::vector<Rule>& rules) const {
        return std::any_of(rules.begin(), rules.end(),
                           [this](const Rule& rule) { return is_selected_by(rule.destination) || is_selected_by(rule.source); });
    }

  private:
    bool is_selected_by(const EntityRule& side) const {
        // A named port can depend on the ports of any endpoint, whatever its labels.
        if (!is_set_ && names_ports(side)) {
            return true;
        }
        if (side.not_selector && any_matches(*side.not_selector)) {
            return true;
        }
        if (!selects_by_labels(side) || (is_set_ && side.service_accounts)) {
            return false;
        }
        return !side.selector || any_matches(*side.selector);
    }
    bool any_matches(const Selector& selector) const {
        const auto may_match = [&](const SeenLabels& one) { return selector.evaluate(*one.labels, one.gaps) != Truth::kFalse; };
        if (gaps_) {
            return std::any_of(changed_.begin(), changed_.end(), may_match);
        }
        const auto candidates = index_.candidates(selector);
        return std::any_of(candidates.begin(), candidates.end(), [&](std::uint32_t i) { return may_match(changed_[i]); });
    }

    const std::vector<SeenLabels>& changed_;
    bool is_set_;
    bool gaps_ = false;  // the index does not find an endpoint by an unknown label
    LabelIndex index_;
};

}  // namespace

AffectedEndpoints AffectedEndpoints::of_change(const Snapshot& before, const Snapshot& after) {
    if (before.files().empty() && !after.files().empty()) {
        return all();  // the first snapshot
    }
    // An unchanged file keeps the same FileResources object.
    const Files old = sorted(before);
    const Files now = sorted(after);
    Files removed;
    Files added;
    std::set_difference(old.begin(), old.end(), now.begin(), now.end(), std::back_inserter(removed));
    std::set_difference(now.begin(), now.end(), old.begin(), old.end(), std::back_inserter(added));
    AffectedEndpoints out;
    std::deque<Labels> labels;
    std::vector<SeenLabels> sets;
    const auto add_resource = [&](const Resource& resource, const Snapshot& snapshot) {
        if (const Policy* policy = std::get_if<Policy>(&resource)) {
            out.policies_.push_back(policy);
        } else if (const NetworkSet* set = std::get_if<NetworkSet>(&resource)) {
            labels.push_back(effective_labels(*set, snapshot));
            sets.push_back({&labels.back(), {}});
        } else {
            out.all_ = true;  // a tier, or labels of pods
        }
    };
    const auto add_files = [&](const Files& changed, const Snapshot& snapshot) {
        for (const FileResources* file : changed) {
            for (const Resource& resource : file->all()) {
                add_resource(resource, snapshot);
            }
        }
    };
    add_files(removed, before);
    add_files(added, after);
    if (!out.all_ && !sets.empty()) {
        out.add_policies_reaching(after, sets, true);
    }
    return out;
}

AffectedEndpoints AffectedEndpoints::of_endpoint(const Snapshot& snapshot, const EndpointFacts& endpoint) {
    AffectedEndpoints out;
    out.add_policies_reaching(snapshot, {endpoint.seen()}, false);
    return out;
}

AffectedEndpoints AffectedEndpoints::of_cluster(const Snapshot& snapshot) {
    const auto looks = [](const EntityRule& side) {
        return selects_by_labels(side) || side.not_selector || names_ports(side) || side.service;
    };
    const auto any = [&](const std::vector<Rule>& rules) {
        return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) { return looks(rule.source) || looks(rule.destination); });
    };
    AffectedEndpoints out;
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        std::copy_if(tier.policies.begin(), tier.policies.end(), std::back_inserter(out.policies_),
                     [&](const Policy* policy) { return any(policy->egress) || any(policy->ingress); });
    }
    return out;
}

AffectedEndpoints AffectedEndpoints::all() {
    AffectedEndpoints out;
    out.all_ = true;
    return out;
}

void AffectedEndpoints::add(const AffectedEndpoints& other) {
    all_ = all_ || other.all_;
    for (const Policy* policy : other.policies_) {
        if (std::find(policies_.begin(), policies_.end(), policy) == policies_.end()) {
            policies_.push_back(policy);
        }
    }
}

void AffectedEndpoints::add_policies_reaching(const Snapshot& snapshot, const std::vector<SeenLabels>& changed, bool are_sets) {
    const Changed by(changed, are_sets);
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            if (by.is_selected_by(policy->egress) || by.is_selected_by(policy->ingress)) {
                policies_.push_back(policy);
            }
        }
    }
}

bool AffectedEndpoints::includes(const EndpointFacts& endpoint) const {
    return all_ || std::any_of(policies_.begin(), policies_.end(),
                               [&](const Policy* policy) { return policy_selects(*policy, endpoint) != Truth::kFalse; });
}

}  // namespace namegate::policy
