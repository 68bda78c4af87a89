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
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

Truth policy_selects(const Policy& policy, const EndpointView& endpoint, const SeenLabels& seen);

// kTryAgain: the policy's selection of this endpoint is unknown; names the policy, its selector, the labels and what to
// configure.
Error selection_unknown(const Policy& policy, const EndpointView& endpoint, const SeenLabels& seen);

// Does what is compiled for one endpoint depend on the others of the node at all: by a rule's selector, or by a port's name?
bool looks_at_endpoints(const Snapshot& snapshot);

// What a selector found: indices into the resolver's endpoints (0 is the compiled one itself) and sets.
struct Members {
    std::vector<std::size_t> endpoints;
    std::vector<std::size_t> sets;
};

class Resolver {
  public:
    Resolver(const Snapshot& snapshot, const EndpointView& self, const std::vector<EndpointView>* others);

    const EndpointView& endpoint(std::size_t index) const { return *endpoints_[index].view; }
    const NetworkSet& set(std::size_t index) const { return *snapshot_.sets()[index]; }
    const SeenLabels& self_labels() const { return endpoints_.front().seen; }
    const Snapshot& snapshot() const { return snapshot_; }

    // Does this side of a rule select by labels at all?
    static bool selects(const EntityRule& entity);
    // selector, namespaceSelector and serviceAccounts of this side, in the policy's scope (D4). Those of which it is unknown
    // are among them when the rule denies.
    const Members& selected(const Policy& policy, const EntityRule& entity, RuleAction action);
    // Every endpoint of the node.
    std::size_t endpoint_count() const { return endpoints_.size(); }
    // notSelector of this side (S7). Those of which it is unknown are among them unless the rule denies.
    const Members& excluded(const Policy& policy, const EntityRule& entity, RuleAction action);
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

    const Members& find(const Policy& policy, const Query& query);
    Members search(const Policy& policy, const Query& query) const;
    bool is_unknown_of(const Endpoint& endpoint, const Policy& policy, const EntityRule& entity) const;

    const Snapshot& snapshot_;
    std::vector<Endpoint> endpoints_;
    std::deque<Labels> made_;  // of views that bring no effective labels
    std::map<std::string, Members> known_;
};

}  // namespace namegate::policy
