// SPDX-License-Identifier: Apache-2.0
#include "policy/model/snapshot.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "policy/model/kubernetes_tiers.h"

namespace namegate::policy {
namespace {

double sort_order(const std::optional<double>& order) { return order.value_or(std::numeric_limits<double>::infinity()); }

bool policy_before(const Policy* a, const Policy* b) {
    const double a_order = sort_order(a->order);
    const double b_order = sort_order(b->order);
    return std::tie(a_order, a->name, a->name_space, a->kind) < std::tie(b_order, b->name, b->name_space, b->kind);
}

// Those of Kubernetes' cluster policies need no document.
bool describe_kubernetes_tier(const Policy& policy, Tier& tier) {
    if (policy.kind != kClusterPolicyKind) {
        return false;
    }
    tier.name = policy.tier;
    tier.order = policy.tier == kAdminTier ? kAdminTierOrder : kBaselineTierOrder;
    tier.default_action = RuleAction::kPass;
    return true;
}

}  // namespace

Snapshot::Snapshot(std::vector<std::shared_ptr<const FileResources>> files, std::uint64_t generation)
    : files_(std::move(files)), generation_(generation) {
    std::map<std::string_view, TierView> tiers;
    TierView& fixed = tiers[kDefaultTier];
    fixed.tier.name = kDefaultTier;
    fixed.tier.order = kDefaultTierOrder;
    std::vector<const Policy*> policies;
    for (const auto& file : files_) {
        for (const FileResources::Set& set : file->sets()) {
            sets_.push_back(set.set);
        }
        if (file->sets().size() == file->all().size()) {
            continue;
        }
        for (const Direction direction : {Direction::kEgress, Direction::kIngress}) {
            own_sides_[static_cast<std::size_t>(direction)] |= file->own_side(direction);
        }
        for (const Resource& resource : file->all()) {
            if (const Policy* policy = std::get_if<Policy>(&resource)) {
                policies.push_back(policy);
            } else if (const Tier* tier = std::get_if<Tier>(&resource)) {
                tiers[tier->name].tier = *tier;
            } else if (const PodDocument* pod = std::get_if<PodDocument>(&resource)) {
                pods_.push_back(pod);
                pods_by_name_[{pod->name_space, pod->name}] = pod;
            } else if (const NamespaceDocument* name_space = std::get_if<NamespaceDocument>(&resource)) {
                namespaces_[name_space->name] = name_space;
            } else if (const ServiceAccountDocument* account = std::get_if<ServiceAccountDocument>(&resource)) {
                service_accounts_[{account->name_space, account->name}] = account;
            }
        }
    }
    set_index_ = SetIndex(*this);
    for (const Policy* policy : policies) {
        TierView& view = tiers[policy->tier];
        if (view.described && !view.tier.name.empty()) {
            // A document, or an earlier policy, describes it.
        } else if (describe_kubernetes_tier(*policy, view.tier)) {
            view.described = true;
        } else {
            view.tier.name = policy->tier;
            view.described = false;
        }
        view.policies.push_back(policy);
    }
    for (auto& entry : tiers) {
        std::sort(entry.second.policies.begin(), entry.second.policies.end(), policy_before);
        tiers_.push_back(std::move(entry.second));
    }
    // The map iterates by name, so the stable sort orders tiers of equal order by name.
    std::stable_sort(tiers_.begin(), tiers_.end(),
                     [](const TierView& a, const TierView& b) { return sort_order(a.tier.order) < sort_order(b.tier.order); });
}

std::size_t Snapshot::policy_count() const {
    std::size_t count = 0;
    for (const TierView& tier : tiers_) {
        count += tier.policies.size();
    }
    return count;
}

const PodDocument* Snapshot::find_pod(std::string_view name_space, std::string_view name) const {
    const auto found = pods_by_name_.find({name_space, name});
    return found == pods_by_name_.end() ? nullptr : found->second;
}

const NamespaceDocument* Snapshot::find_namespace(std::string_view name) const {
    const auto found = namespaces_.find(name);
    return found == namespaces_.end() ? nullptr : found->second;
}

const ServiceAccountDocument* Snapshot::find_service_account(std::string_view name_space, std::string_view name) const {
    const auto found = service_accounts_.find({name_space, name});
    return found == service_accounts_.end() ? nullptr : found->second;
}

}  // namespace namegate::policy
