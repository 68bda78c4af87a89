// SPDX-License-Identifier: Apache-2.0
#include "policy/model/selection.h"

#include <algorithm>

#include "policy/model/own_side.h"

namespace namegate::policy {
namespace {

Truth both(Truth a, Truth b) { return std::min(a, b); }

Truth accounts_match(const ServiceAccountMatch& match, const SeenLabels& seen) {
    Truth out = Truth::kTrue;
    const auto account = seen.labels->find(kLabelServiceAccount);
    if (account == seen.labels->end()) {
        out = seen.gaps.account ? Truth::kUnknown : Truth::kFalse;
    } else if (!match.names.empty()) {
        out = truth(std::find(match.names.begin(), match.names.end(), account->second) != match.names.end());
    }
    if (out == Truth::kFalse || !match.selector) {
        return out;
    }
    return both(out, match.selector->with_prefix(kServiceAccountPrefix, kLabelServiceAccount).evaluate(*seen.labels, seen.gaps));
}

std::string cache_key(const Policy& policy, const Selector* selector, const Selector* name_space, const ServiceAccountMatch* accounts,
                      bool with_unknown) {
    constexpr char kEnd = '\n';
    std::string key = with_unknown ? "?" : "";
    key += name_space == nullptr ? policy.name_space : "*" + name_space->to_string();
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

// The part of a policy's selection that does not depend on the endpoint's own labels.
Truth is_in_scope(const Policy& policy, const EndpointFacts& endpoint) {
    const SeenLabels seen = endpoint.seen();
    if (!policy.global && (endpoint.name_space.empty() || endpoint.name_space != policy.name_space)) {
        return Truth::kFalse;
    }
    Truth out = Truth::kTrue;
    if (policy.namespace_selector) {
        out = policy.namespace_selector->with_prefix(kNamespacePrefix, kLabelNamespace).evaluate(*seen.labels, seen.gaps);
    }
    if (out != Truth::kFalse && policy.service_account_selector) {
        const Selector accounts = policy.service_account_selector->with_prefix(kServiceAccountPrefix, kLabelServiceAccount);
        out = both(out, accounts.evaluate(*seen.labels, seen.gaps));
    }
    return out;
}

// Describes the unknown labels that the policy depends on, and how to configure them.
std::string describe_gaps(const EndpointView& endpoint, const SeenLabels& seen) {
    std::string out;
    const auto add = [&out](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
    const std::string pod = endpoint.name_space + "/" + endpoint.pod;
    const std::string source = endpoint.objects_missing.empty() ? "" : endpoint.objects_missing + "; or ";
    if (seen.gaps.own) {
        add(endpoint.labels_missing.empty()
                ? "no label source knows the labels of pod " + pod + ": set labelSources, or add a Pod document with them"
                : endpoint.labels_missing);
    }
    if (seen.gaps.name_space) {
        add("the labels of namespace " + endpoint.name_space + " are not known: " + source + "add a Namespace document with them");
    }
    if (seen.gaps.account) {
        add("the service account of pod " + pod + " is not known: add a Pod document with its serviceAccountName");
    } else if (seen.gaps.account_labels) {
        const auto account = seen.labels->find(kLabelServiceAccount);
        add("the labels of service account " + endpoint.name_space + "/" +
            (account == seen.labels->end() ? std::string() : account->second) + " are not known: " + source +
            "add a ServiceAccount document with them");
    }
    return out;
}

// Adds to `gaps` those of `all` that concern one of the labels.
void add_gaps_of(LabelGaps& gaps, const LabelGaps& all, const std::vector<std::string_view>& labels) {
    for (const std::string_view label : labels) {
        gaps.own = gaps.own || LabelGaps{all.own, false, false, false}.may_have(label);
        gaps.name_space = gaps.name_space || LabelGaps{false, all.name_space, false, false}.may_have(label);
        gaps.account = gaps.account || LabelGaps{false, false, all.account, false}.may_have(label);
        gaps.account_labels = gaps.account_labels || LabelGaps{false, false, false, all.account_labels}.may_have(label);
    }
}

}  // namespace

Truth policy_selects(const Policy& policy, const EndpointFacts& endpoint) {
    const Truth scope = is_in_scope(policy, endpoint);
    return scope == Truth::kFalse ? scope : both(scope, policy.selector.evaluate(*endpoint.labels, endpoint.gaps));
}

Error selection_unknown(const Policy& policy, const EndpointFacts& endpoint, const EndpointView* named) {
    const SeenLabels seen = endpoint.seen();
    SeenLabels relevant{seen.labels, {}};
    std::string selectors;
    const auto add_unknown = [&](const Selector& selector, const char* field, const Selector& written) {
        if (selector.evaluate(*seen.labels, seen.gaps) == Truth::kUnknown) {
            add_gaps_of(relevant.gaps, seen.gaps, selector.unknown_labels(*seen.labels, seen.gaps));
            selectors += (selectors.empty() ? "" : ", ") + std::string(field) + " (" + written.to_string() + ")";
        }
    };
    add_unknown(policy.selector, "selector", policy.selector);
    if (policy.namespace_selector) {
        add_unknown(policy.namespace_selector->with_prefix(kNamespacePrefix, kLabelNamespace), "namespaceSelector",
                    *policy.namespace_selector);
    }
    if (policy.service_account_selector) {
        add_unknown(policy.service_account_selector->with_prefix(kServiceAccountPrefix, kLabelServiceAccount), "serviceAccountSelector",
                    *policy.service_account_selector);
    }
    return {Code::kLabelsUnknown, "it is not known whether " + policy.kind + " " + policy.full_name() + " (" +
                                      line_text(policy.place.file, policy.place.line) + ") selects the pod by its " + selectors +
                                      (named == nullptr ? "" : "; " + describe_gaps(*named, relevant))};
}

bool rules_select_endpoints(const Snapshot& snapshot) {
    const auto looks = [](const EntityRule& side) { return selects_by_labels(side) || side.not_selector || names_ports(side); };
    const auto rule_looks = [&looks](const Rule& rule) { return looks(rule.source) || looks(rule.destination); };
    const auto policy_looks = [&rule_looks](const Policy* policy) {
        return std::any_of(policy->egress.begin(), policy->egress.end(), rule_looks) ||
               std::any_of(policy->ingress.begin(), policy->ingress.end(), rule_looks);
    };
    return std::any_of(snapshot.tiers().begin(), snapshot.tiers().end(), [&policy_looks](const Snapshot::TierView& tier) {
        return std::any_of(tier.policies.begin(), tier.policies.end(), policy_looks);
    });
}

Resolver::Resolver(const Snapshot& snapshot, const EndpointFacts& self, std::span<const EndpointView> endpoints)
    : snapshot_(snapshot), self_(self) {
    endpoints_.reserve(endpoints.size());
    for (const EndpointView& view : endpoints) {
        if (!view.effective) {
            labels_.push_back(effective_labels(view, snapshot));
        }
        endpoints_.push_back({&view, {view.effective ? view.effective.get() : &labels_.back(), label_gaps(view, snapshot)}});
    }
}

Resolver::Query Resolver::selected_by(const EntityRule& entity, RuleAction action) {
    return {pointer(entity.selector), pointer(entity.namespace_selector), pointer(entity.service_accounts), action == RuleAction::kDeny};
}

Resolver::Query Resolver::excluded_by(const EntityRule& entity, RuleAction action) {
    return {pointer(entity.not_selector), pointer(entity.namespace_selector), nullptr, action != RuleAction::kDeny};
}

const Members& Resolver::selected(const Policy& policy, const EntityRule& entity, RuleAction action) {
    return find(policy, selected_by(entity, action));
}

const Members& Resolver::excluded(const Policy& policy, const EntityRule& entity, RuleAction action) {
    return find(policy, excluded_by(entity, action));
}

bool Resolver::is_self_selected(const Policy& policy, const EntityRule& entity, RuleAction action) const {
    return holds_self(policy, selected_by(entity, action));
}

bool Resolver::is_self_excluded(const Policy& policy, const EntityRule& entity, RuleAction action) const {
    return holds_self(policy, excluded_by(entity, action));
}

const Members& Resolver::find(const Policy& policy, const Query& query) {
    std::string key = cache_key(policy, query.selector, query.name_space, query.accounts, query.with_unknown);
    const auto found = known_.find(key);
    if (found != known_.end()) {
        return found->second;
    }
    return known_.emplace(std::move(key), search(policy, query)).first->second;
}

namespace {

// The selectors of one side of a rule, in the scope of its policy.
class Matcher {
  public:
    Matcher(const Policy& policy, const Selector* selector, const Selector* name_space, const ServiceAccountMatch* accounts)
        : policy_(policy),
          selector_(selector == nullptr ? Selector() : *selector),
          name_space_(name_space == nullptr ? Selector() : name_space->with_prefix(kNamespacePrefix, kLabelNamespace)),
          accounts_(accounts),
          // Without a namespaceSelector, a NetworkPolicy selects in its own namespace and a global policy everywhere.
          own_only_(name_space == nullptr && !policy.global) {}

    const Selector& selector() const { return selector_; }
    Truth matches(const std::string& its_namespace, const SeenLabels& seen) const {
        if (own_only_ && its_namespace != policy_.name_space) {
            return Truth::kFalse;
        }
        const Truth out = both(name_space_.evaluate(*seen.labels, seen.gaps), selector_.evaluate(*seen.labels, seen.gaps));
        return out == Truth::kFalse || accounts_ == nullptr ? out : both(out, accounts_match(*accounts_, seen));
    }

  private:
    const Policy& policy_;
    Selector selector_;
    Selector name_space_;
    const ServiceAccountMatch* accounts_;
    bool own_only_;
};

bool counts(Truth matches, bool with_unknown) { return matches == Truth::kTrue || (matches == Truth::kUnknown && with_unknown); }

bool is_unknown_of(const Policy& policy, const EntityRule& entity, const std::string& its_namespace, const SeenLabels& seen) {
    const auto unknown = [&](const Selector* selector, const ServiceAccountMatch* accounts) {
        return Matcher(policy, selector, pointer(entity.namespace_selector), accounts).matches(its_namespace, seen) == Truth::kUnknown;
    };
    return (selects_by_labels(entity) && unknown(pointer(entity.selector), pointer(entity.service_accounts))) ||
           (entity.not_selector && unknown(&*entity.not_selector, nullptr));
}

}  // namespace

bool may_concern(const Policy& policy, const EntityRule& entity, const EndpointView& endpoint, const Snapshot& snapshot) {
    const Labels labels = endpoint.effective ? Labels() : effective_labels(endpoint, snapshot);
    const SeenLabels seen{endpoint.effective ? endpoint.effective.get() : &labels, label_gaps(endpoint, snapshot)};
    const auto matches = [&](const Selector* selector, const ServiceAccountMatch* accounts) {
        return Matcher(policy, selector, pointer(entity.namespace_selector), accounts).matches(endpoint.name_space, seen) != Truth::kFalse;
    };
    return (selects_by_labels(entity) && matches(pointer(entity.selector), pointer(entity.service_accounts))) ||
           (entity.not_selector && matches(&*entity.not_selector, nullptr));
}

bool may_concern_namespace(const Policy& policy, const EntityRule& entity, const EndpointView& endpoint, const Snapshot& snapshot) {
    EndpointView view = endpoint;
    view.effective.reset();
    const Labels labels = effective_labels(view, snapshot);
    return Matcher(policy, nullptr, pointer(entity.namespace_selector), nullptr)
               .matches(view.name_space, {&labels, label_gaps(view, snapshot)}) != Truth::kFalse;
}

Members Resolver::search(const Policy& policy, const Query& query) const {
    const Matcher matcher(policy, query.selector, query.name_space, query.accounts);
    Members out;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (counts(matcher.matches(endpoints_[i].view->name_space, endpoints_[i].seen), query.with_unknown)) {
            out.endpoints.push_back(i);
        }
    }
    if (query.accounts != nullptr) {
        return out;
    }
    for (const std::uint32_t i : snapshot_.set_index().candidates(matcher.selector())) {
        if (matcher.matches(set(i).name_space, {&snapshot_.set_index().labels(i), {}}) == Truth::kTrue) {
            out.sets.push_back(i);
        }
    }
    return out;
}

bool Resolver::holds_self(const Policy& policy, const Query& query) const {
    const Matcher matcher(policy, query.selector, query.name_space, query.accounts);
    return counts(matcher.matches(self_.name_space, self_.seen()), query.with_unknown);
}

bool Resolver::is_unknown_of_self(const Policy& policy, const EntityRule& entity) const {
    return self_.gaps.any() && is_unknown_of(policy, entity, self_.name_space, self_.seen());
}

bool Resolver::is_unknown_of_any(const Policy& policy, const EntityRule& entity) const {
    return std::any_of(endpoints_.begin(), endpoints_.end(), [&](const Endpoint& endpoint) {
        return endpoint.seen.gaps.any() && is_unknown_of(policy, entity, endpoint.view->name_space, endpoint.seen);
    });
}

}  // namespace namegate::policy
