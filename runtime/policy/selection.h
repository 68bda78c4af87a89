// SPDX-License-Identifier: Apache-2.0
//
// Which policies select an endpoint, and which sets and endpoints the two sides of a rule select. Holds
// references to the snapshot and the endpoints: lives no longer than one compilation. Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "policy/endpoint_view.h"
#include "policy/snapshot.h"

namespace namegate::policy {

bool policy_selects(const Policy& policy, const EndpointView& endpoint, const Labels& labels);

// Could other labels of its own change what selects the endpoint, or whom the rules of anybody select? When not,
// the endpoint can be programmed before its labels are known.
bool own_labels_matter(const Snapshot& snapshot, const EndpointView& endpoint);

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
    const Labels& self_labels() const { return *endpoints_.front().labels; }
    const Snapshot& snapshot() const { return snapshot_; }

    // Does this side of a rule select by labels at all?
    static bool selects(const EntityRule& entity);
    // selector, namespaceSelector and serviceAccounts of this side, in the policy's scope (D4).
    const Members& selected(const Policy& policy, const EntityRule& entity);
    // Every endpoint of the node.
    std::size_t endpoint_count() const { return endpoints_.size(); }
    // notSelector of this side (S7).
    const Members& excluded(const Policy& policy, const EntityRule& entity);

  private:
    struct Endpoint {
        const EndpointView* view;
        const Labels* labels;
    };
    struct Query {
        const Selector* selector;
        const Selector* name_space;
        const ServiceAccountMatch* accounts;
    };

    const Members& find(const Policy& policy, const Query& query);
    Members search(const Policy& policy, const Query& query) const;

    const Snapshot& snapshot_;
    std::vector<Endpoint> endpoints_;
    std::deque<Labels> made_;  // of views that bring no effective labels
    std::map<std::string, Members> known_;
};

}  // namespace namegate::policy
