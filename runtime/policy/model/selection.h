// SPDX-License-Identifier: Apache-2.0
//
// Finds the policies that select an endpoint, and the sets and endpoints that the two sides of a rule select. If this
// depends on an unknown label of a pod (S8), a policy's selection is unknown and the caller must not open the endpoint; a
// rule treats the pod as selected or not, whichever allows less. Refers to the snapshot and the endpoints and must not
// outlive one compilation. Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/model/endpoint_facts.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

// Does not check the direction; see Policy::applies().
Truth policy_selects(const Policy& policy, const EndpointFacts& endpoint);

// The error kLabelsUnknown for a policy whose selection of this endpoint is unknown. Names the policy and its selector, and, if
// `named` is given, the labels and what to configure.
Error selection_unknown(const Policy& policy, const EndpointFacts& endpoint, const EndpointView* named = nullptr);

// Whether the compiled policy of an endpoint can depend on other endpoints of the node: by a rule's selector or named port.
bool rules_select_endpoints(const Snapshot& snapshot);

// Whether this side of a rule may select the endpoint, or exclude it by notSelector: what is unknown counts as yes.
bool may_concern(const Policy& policy, const EntityRule& entity, const EndpointView& endpoint, const Snapshot& snapshot);
// The same of any pod in the endpoint's namespace.
bool may_concern_namespace(const Policy& policy, const EntityRule& entity, const EndpointView& endpoint, const Snapshot& snapshot);

// What a selector matches: indexes into the node's endpoints and the snapshot's sets.
struct Members {
    std::vector<std::size_t> endpoints;
    std::vector<std::size_t> sets;
};

// Resolves the selectors in the rules of the policies that select `self`. `endpoints` are those of the node, including `self`.
class Resolver {
  public:
    Resolver(const Snapshot& snapshot, const EndpointFacts& self, std::span<const EndpointView> endpoints);

    const Snapshot& snapshot() const { return snapshot_; }
    const EndpointFacts& self() const { return self_; }
    const EndpointView& endpoint(std::size_t index) const { return *endpoints_[index].view; }
    std::size_t endpoint_count() const { return endpoints_.size(); }
    const NetworkSet& set(std::size_t index) const { return *snapshot_.sets()[index]; }

    // Resolves selector, namespaceSelector and serviceAccounts of this side, in the policy's scope (D4). Includes endpoints
    // whose selection is unknown if the rule denies.
    const Members& selected(const Policy& policy, const EntityRule& entity, RuleAction action);
    // Resolves notSelector of this side (S7). Includes endpoints whose selection is unknown unless the rule denies.
    const Members& excluded(const Policy& policy, const EntityRule& entity, RuleAction action);
    // The same for `self`, by its facts.
    bool is_self_selected(const Policy& policy, const EntityRule& entity, RuleAction action) const;
    bool is_self_excluded(const Policy& policy, const EntityRule& entity, RuleAction action) const;
    // Whether it is unknown if this side of the rule selects or excludes `self`.
    bool is_unknown_of_self(const Policy& policy, const EntityRule& entity) const;
    // The same for any endpoint.
    bool is_unknown_of_any(const Policy& policy, const EntityRule& entity) const;

  private:
    struct Endpoint {
        const EndpointView* view;
        SeenLabels seen;
    };
    struct Query {
        const Selector* selector;
        const Selector* name_space;
        const ServiceAccountMatch* accounts;
        bool with_unknown;  // include endpoints whose selection is unknown
    };

    static Query selected_by(const EntityRule& entity, RuleAction action);
    static Query excluded_by(const EntityRule& entity, RuleAction action);
    const Members& find(const Policy& policy, const Query& query);
    Members search(const Policy& policy, const Query& query) const;
    bool holds_self(const Policy& policy, const Query& query) const;

    const Snapshot& snapshot_;
    const EndpointFacts& self_;
    std::vector<Endpoint> endpoints_;
    std::deque<Labels> labels_;  // of views without stored effective labels
    std::map<std::string, Members> known_;
};

}  // namespace namegate::policy
