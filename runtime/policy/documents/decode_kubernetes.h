// SPDX-License-Identifier: Apache-2.0
//
// Kubernetes' own NetworkPolicy (networking.k8s.io/v1), translated into the rules of the other policies: tier
// default, order 1000, Allow rules only. Problems go to the cursor's context.
#pragma once

#include <string>

#include "policy/documents/cursor.h"
#include "policy/model/resources.h"

namespace namegate::policy {

inline constexpr const char* kKubernetesPolicyKind = "KubernetesNetworkPolicy";

// A document whose shape has been checked.
Policy decode_kubernetes_policy(const Cursor& cursor, std::string name_space, std::string name);

}  // namespace namegate::policy
