// SPDX-License-Identifier: Apache-2.0
//
// The tiers of Kubernetes' ClusterNetworkPolicy: before and after the tier default, with Calico's names and orders. They exist
// without a document while such a policy does, and end in Pass. Constant data.
#pragma once

namespace namegate::policy {

inline constexpr const char* kClusterPolicyKind = "ClusterNetworkPolicy";
inline constexpr const char* kAdminTier = "kube-admin";
inline constexpr double kAdminTierOrder = 1'000;
inline constexpr const char* kBaselineTier = "kube-baseline";
inline constexpr double kBaselineTierOrder = 10'000'000;

}  // namespace namegate::policy
