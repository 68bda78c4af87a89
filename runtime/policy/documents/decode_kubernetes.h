// SPDX-License-Identifier: Apache-2.0
//
// Translates Kubernetes' NetworkPolicy (networking.k8s.io/v1) to a policy of the tier default with order 1000 and Allow rules
// only. Reports problems to the cursor's context. Pure otherwise.
#pragma once

#include <string>

#include "policy/documents/cursor.h"
#include "policy/model/resources.h"

namespace namegate::policy {

inline constexpr const char* kKubernetesPolicyKind = "KubernetesNetworkPolicy";

// The shape of the document must have been checked.
Policy decode_kubernetes_policy(const Cursor& cursor, std::string name_space, std::string name);

}  // namespace namegate::policy
