// SPDX-License-Identifier: Apache-2.0
//
// Translates Kubernetes' ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2) to a global policy of one of two tiers that end in
// Pass. A part that cannot be expressed is an error that names it. Reports problems to the cursor's context. Pure otherwise.
#pragma once

#include <string>

#include "policy/documents/cursor.h"
#include "policy/model/resources.h"

namespace namegate::policy {

inline constexpr const char* kClusterPolicyVersion = "policy.networking.k8s.io/v1alpha2";

// The shape of the document must have been checked.
Policy decode_cluster_policy(const Cursor& cursor, std::string name);

}  // namespace namegate::policy
