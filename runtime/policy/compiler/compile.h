// SPDX-License-Identifier: Apache-2.0
//
// Compiles the rules of a snapshot for one endpoint and direction. Pure functions; safe from any thread. An error means
// that the policy cannot be enforced as written: the caller must keep the policy in force, or keep the endpoint closed, and
// must not open it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/compiler/compiled_policy.h"
#include "policy/compiler/evaluate.h"
#include "policy/model/endpoint_facts.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/service_view.h"
#include "policy/model/snapshot.h"
#include "policy/model/tls_names.h"

namespace namegate::policy {

// Whether a staged policy that counts in a preview selects the endpoint in this direction.
bool has_preview(const Snapshot& snapshot, const EndpointFacts& endpoint);

// Whether a policy selects the endpoint in this direction; if not, the direction is open (E5). kLabelsUnknown: this is unknown
// for one of the policies (S8), and the endpoint must not be opened. `named`: the same endpoint, for the error's message.
Result<bool> selects(const Snapshot& snapshot, const EndpointFacts& endpoint, const EndpointView& named);

// If no policy selects the endpoint, the result has one rule, the profile's Allow. `endpoints` are those of the node,
// including this one, for the selectors of rules. Of the endpoint itself only the facts are read; they must belong to the
// same snapshot. `tls_names`: the node's default (T1). `services`: of the cluster, for rules that select pods or name Services.
Result<CompiledPolicy> compile(const Snapshot& snapshot, const EndpointFacts& endpoint, std::span<const EndpointView> endpoints,
                               TlsNames tls_names, const ClusterServices& services = {});

struct SelectedPolicy {
    std::string tier;
    std::string kind;
    std::string name;  // "namespace/name", or the name alone when global
    bool staged = false;
    bool ingress = false;  // selects the endpoint in this direction
    bool egress = false;
    bool unknown = false;  // it is unknown whether it selects the endpoint (S8)
    Place place;
};

// For the tools. Returns every policy that selects the endpoint, or may do so, in the order of evaluation, including staged
// policies.
std::vector<SelectedPolicy> selected_policies(const Snapshot& snapshot, const EndpointView& endpoint);

}  // namespace namegate::policy
