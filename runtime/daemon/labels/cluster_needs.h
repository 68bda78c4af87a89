// SPDX-License-Identifier: Apache-2.0
//
// Which Services, EndpointSlices and pods of the cluster this node has to know: those that a trusted DNS server, a policy that selects an
// endpoint of this node, or any policy that takes something away depends on. Pure.
#pragma once

#include <set>
#include <vector>

#include "config/config.h"
#include "kubernetes/client/scoped_watches.h"
#include "kubernetes/known/knowledge.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/snapshot.h"

namespace namegate::daemon {

// A rule that concerns more namespaces than this has the pods of the whole cluster watched.
inline constexpr std::size_t kMaxNamespacesOfRule = 16;

struct ClusterNeeds {
    std::set<kubernetes::Scope> all;
    std::set<kubernetes::Scope> essential;  // those of rules that take something away: they are not put in force before these are known
};

// `own`: the endpoints of this node; `peers`: the pods of other nodes that are known.
ClusterNeeds cluster_needs(const config::Config& config, const policy::Snapshot& snapshot, const std::vector<policy::EndpointView>& own,
                           const std::vector<policy::EndpointView>& peers, const kubernetes::Knowledge& known);

}  // namespace namegate::daemon
