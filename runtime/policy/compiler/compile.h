// SPDX-License-Identifier: Apache-2.0
//
// From a snapshot to the compiled rules of one endpoint and direction. Pure functions; safe from any
// thread. An error means that the policy cannot be enforced as written: the caller must keep what is in
// force, or stay closed, never open.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "policy/compiler/compiled_policy.h"
#include "policy/compiler/evaluate.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

struct CompileInput {
    const Snapshot* snapshot = nullptr;
    const EndpointView* endpoint = nullptr;
    // All endpoints on the node (rules' selectors reach their addresses); may be null or hold `endpoint`.
    const std::vector<EndpointView>* endpoints = nullptr;
    Direction direction = Direction::kEgress;
    // As if the staged policies were enforced: those that Set replace, those that Delete remove, the policy of their
    // kind, namespace and name. For reports only.
    bool preview = false;
};

// Does any staged policy select the endpoint in this direction that a preview would count?
bool has_preview(const Snapshot& snapshot, const EndpointView& endpoint, Direction direction);

// Does any enforced policy select the endpoint in this direction? If not it is open there (E5). kTryAgain: it is not known
// of one of them (S8), and the endpoint must not be opened.
Result<bool> selects(const Snapshot& snapshot, const EndpointView& endpoint, Direction direction);

// Works as well when nothing selects the endpoint: one rule, the profile's Allow.
Result<CompiledPolicy> compile(const CompileInput& input);

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

// For the tools: every policy that selects the endpoint, in order of evaluation, staged ones too.
std::vector<SelectedPolicy> selected_policies(const Snapshot& snapshot, const EndpointView& endpoint);

}  // namespace namegate::policy
