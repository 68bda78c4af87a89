// SPDX-License-Identifier: Apache-2.0
//
// From a snapshot to the compiled rules of one endpoint and direction. Pure functions; safe from any
// thread. An error means that the policy cannot be enforced as written: the caller must keep what is in
// force, or stay closed, never open.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/compiler/compiled_policy.h"
#include "policy/compiler/evaluate.h"
#include "policy/model/endpoint_facts.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

// Does any staged policy select the endpoint in this direction that a preview would count?
bool has_preview(const Snapshot& snapshot, const EndpointFacts& endpoint);

// Does any policy select the endpoint in this direction? If not it is open there (E5). kTryAgain: it is not known of one of
// them (S8), and the endpoint must not be opened. `named` is who the facts are about, for the words of that error.
Result<bool> selects(const Snapshot& snapshot, const EndpointFacts& endpoint, const EndpointView& named);

// Works as well when nothing selects the endpoint: one rule, the profile's Allow. `endpoints` are those of the node, itself
// among them: rules' selectors reach their addresses. Of the endpoint itself nothing is read but the facts, which were made
// under the same snapshot.
Result<CompiledPolicy> compile(const Snapshot& snapshot, const EndpointFacts& endpoint, std::span<const EndpointView> endpoints);

struct SelectedPolicy {
    std::string tier;
    std::string kind;
    std::string name;  // "namespace/name", or the name alone when global
    bool staged = false;
    bool ingress = false;  // selects the endpoint in this direction
    bool egress = false;
    bool unknown = false;  // whether it selects the endpoint is not known (S8)
    Place place;
};

// For the tools: every policy that selects the endpoint in either direction, in order of evaluation, staged ones too.
std::vector<SelectedPolicy> selected_policies(const Snapshot& snapshot, const EndpointView& endpoint);

}  // namespace namegate::policy
