// SPDX-License-Identifier: Apache-2.0
#include "policy/selection.h"

#include <algorithm>

namespace namegate::policy {
namespace {

bool accounts_match(const ServiceAccountMatch& match, const Labels& labels) {
    const auto account = labels.find(kLabelServiceAccount);
    if (account == labels.end()) {
        return false;
    }
    if (!match.names.empty() && std::find(match.names.begin(), match.names.end(), account->second) == match.names.end()) {
        return false;
    }
    return !match.selector || match.selector->with_prefix(kServiceAccountPrefix, kLabelServiceAccount).matches(labels);
}

std::string cache_key(const Policy& policy, const Selector* selector, const Selector* name_space, const ServiceAccountMatch* accounts) {
    constexpr char kEnd = '\n';
    std::string key = name_space == nullptr ? policy.name_space : "*" + name_space->to_string();
    key += kEnd;
    key += selector == nullptr ? "all()" : selector->to_string();
    if (accounts != nullptr) {
        for (const std::string& name : accounts->names) {
            key += kEnd + name;
        }
        key += kEnd;
        key += kEnd;
        key += accounts->selector ? accounts->selector->to_string() : "";
    }
    return key;
}

template <typename T>
const T* pointer(const std::optional<T>& value) {
    return value ? &*value : nullptr;
}

bool looks_at_labels(const std::vector<Rule>& rules) {
    const auto looks = [](const EntityRule& side) {
        return (side.selector && !side.selector->is_all()) || (side.not_selector && !side.not_selector->is_all());
    };
    return std::any_of(rules.begin(), rules.end(), [&looks](const Rule& rule) { return looks(rule.source) || looks(rule.destination); });
}

// All of a policy's selection that does not depend on the endpoint's own labels.
bool is_in_scope(const Policy& policy, const EndpointView& endpoint, const Labels& labels) {
    if (!policy.global && (endpoint.name_space.empty() || endpoint.name_space != policy.name_space)) {
        return false;
    }
    if (policy.namespace_selector && !policy.namespace_selector->with_prefix(kNamespacePrefix, kLabelNamespace).matches(labels)) {
        return false;
    }
    if (policy.service_account_selector &&
        !policy.service_account_selector->with_prefix(kServiceAccountPrefix, kLabelServiceAccount).matches(labels)) {
        return false;
    }
    return true;
}

}  // namespace

bool policy_selects(const Policy& policy, const EndpointView& endpoint, const Labels& labels) {
    return is_in_scope(policy, endpoint, labels) && policy.selector.matches(labels);
}

bool looks_at_endpoints(const Snapshot& snapshot) {
    const auto is_named = [](const Port& port) { return !port.name.empty(); };
    const auto looks = [&is_named](const EntityRule& side) {
        return Resolver::selects(side) || side.not_selector || std::any_of(side.ports.begin(), side.ports.end(), is_named) ||
               std::any_of(side.not_ports.begin(), side.not_ports.end(), is_named);
    };
    const auto rule_looks = [&looks](const Rule& rule) { return looks(rule.source) || looks(rule.destination); };
    const auto policy_looks = [&rule_looks](const Policy* policy) {
        return std::any_of(policy->egress.begin(), policy->egress.end(), rule_looks) ||
               std::any_of(policy->ingress.begin(), policy->ingress.end(), rule_looks);
    };
    return std::any_of(snapshot.tiers().begin(), snapshot.tiers().end(), [&policy_looks](const Snapshot::TierView& tier) {
        return std::any_of(tier.policies.begin(), tier.policies.end(), policy_looks);
    });
}

bool own_labels_matter(const Snapshot& snapshot, const EndpointView& endpoint) {
    const Labels labels = effective_labels(endpoint, snapshot);
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            if (policy->staged) {
                continue;
            }
            if (looks_at_labels(policy->ingress) || looks_at_labels(policy->egress) ||
                (!policy->selector.is_all() && is_in_scope(*policy, endpoint, labels))) {
                return true;
            }
        }
    }
    return false;
}

Resolver::Resolver(const Snapshot& snapshot, const EndpointView& self, const std::vector<EndpointView>* others) : snapshot_(snapshot) {
    const auto add = [&](const EndpointView& view) {
        if (!view.effective) {
            made_.push_back(effective_labels(view, snapshot));
        }
        endpoints_.push_back({&view, view.effective ? view.effective.get() : &made_.back()});
    };
    endpoints_.reserve(others == nullptr ? 1 : others->size() + 1);
    add(self);
    if (others != nullptr) {
        for (const EndpointView& other : *others) {
            if (&other != &self) {
                add(other);
            }
        }
    }
}

bool Resolver::selects(const EntityRule& entity) { return entity.selector || entity.namespace_selector || entity.service_accounts; }

const Members& Resolver::selected(const Policy& policy, const EntityRule& entity) {
    return find(policy, {pointer(entity.selector), pointer(entity.namespace_selector), pointer(entity.service_accounts)});
}

const Members& Resolver::excluded(const Policy& policy, const EntityRule& entity) {
    return find(policy, {pointer(entity.not_selector), pointer(entity.namespace_selector), nullptr});
}

const Members& Resolver::find(const Policy& policy, const Query& query) {
    std::string key = cache_key(policy, query.selector, query.name_space, query.accounts);
    const auto found = known_.find(key);
    if (found != known_.end()) {
        return found->second;
    }
    return known_.emplace(std::move(key), search(policy, query)).first->second;
}

Members Resolver::search(const Policy& policy, const Query& query) const {
    const Selector all;
    const Selector& selector = query.selector == nullptr ? all : *query.selector;
    const Selector name_space = query.name_space == nullptr ? Selector() : query.name_space->with_prefix(kNamespacePrefix, kLabelNamespace);
    // Without a namespaceSelector a NetworkPolicy sees its own namespace, a global one everything.
    const bool own_only = query.name_space == nullptr && !policy.global;
    const auto matches = [&](const std::string& of, const Labels& labels) {
        return (!own_only || of == policy.name_space) && name_space.matches(labels) && selector.matches(labels);
    };
    Members out;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        const Labels& labels = *endpoints_[i].labels;
        if (matches(endpoints_[i].view->name_space, labels) && (query.accounts == nullptr || accounts_match(*query.accounts, labels))) {
            out.endpoints.push_back(i);
        }
    }
    if (query.accounts != nullptr) {
        return out;
    }
    for (const std::uint32_t i : snapshot_.set_index().candidates(selector)) {
        if (matches(set(i).name_space, snapshot_.set_index().labels(i))) {
            out.sets.push_back(i);
        }
    }
    return out;
}

}  // namespace namegate::policy
