// SPDX-License-Identifier: Apache-2.0
//
// Which policies select an endpoint, and which sets and endpoints the two sides of a rule select. Where that depends on
// labels of a pod that no source knows (S8), a policy's selection is unknown, and the caller must not open the endpoint; a
// rule counts the pod as whatever lets less through. Holds references to the snapshot and the endpoints: lives no longer than
// one compilation. Not thread-safe.
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

// Whatever the direction: that is for applies() to say.
Truth policy_selects(const Policy& policy, const EndpointFacts& endpoint);

// kTryAgain: the policy's selection of this endpoint is unknown; names the policy, its selector, and, where `named` says who
// the endpoint is, the labels and what to configure.
Error selection_unknown(const Policy& policy, const EndpointFacts& endpoint, const EndpointView* named = nullptr);

// Does what is compiled for one endpoint depend on the others of the node at all: by a rule's selector, or by a port's name?
bool looks_at_endpoints(const Snapshot& snapshot);

// What a selector found: indices into the node's endpoints and the sets.
struct Members {
    std::vector<std::size_t> endpoints;
    std::vector<std::size_t> sets;
};

// For the rules of `self`, of which it knows the facts alone. `endpoints` are those of the node, itself among them.
class Resolver {
  public:
    Resolver(const Snapshot& snapshot, const EndpointFacts& self, std::span<const EndpointView> endpoints);

    const Snapshot& snapshot() const { return snapshot_; }
    const EndpointFacts& self() const { return self_; }
    const EndpointView& endpoint(std::size_t index) const { return *endpoints_[index].view; }
    std::size_t endpoint_count() const { return endpoints_.size(); }
    const NetworkSet& set(std::size_t index) const { return *snapshot_.sets()[index]; }

    // selector, namespaceSelector and serviceAccounts of this side, in the policy's scope (D4). Those of which it is unknown
    // are among them when the rule denies.
    const Members& selected(const Policy& policy, const EntityRule& entity, RuleAction action);
    // notSelector of this side (S7). Those of which it is unknown are among them unless the rule denies.
    const Members& excluded(const Policy& policy, const EntityRule& entity, RuleAction action);
    // The same of `self`, by what is known of it.
    bool is_self_selected(const Policy& policy, const EntityRule& entity, RuleAction action) const;
    bool is_self_excluded(const Policy& policy, const EntityRule& entity, RuleAction action) const;
    // Is it unknown whether this side of the rule selects, or excludes, the endpoint itself?
    bool is_unknown_of_self(const Policy& policy, const EntityRule& entity) const;
    // The same of any endpoint.
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
        bool with_unknown;
    };

    static Query selected_by(const EntityRule& entity, RuleAction action);
    static Query excluded_by(const EntityRule& entity, RuleAction action);
    const Members& find(const Policy& policy, const Query& query);
    Members search(const Policy& policy, const Query& query) const;
    bool holds_self(const Policy& policy, const Query& query) const;

    const Snapshot& snapshot_;
    const EndpointFacts& self_;
    std::vector<Endpoint> endpoints_;
    std::deque<Labels> made_;  // of views that bring no effective labels
    std::map<std::string, Members> known_;
};

}  // namespace namegate::policy
