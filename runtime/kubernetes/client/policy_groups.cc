// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/policy_groups.h"

#include <algorithm>
#include <array>

#include "policy/documents/decode_cluster_policy.h"
#include "policy/documents/policy_store.h"
#include "policy/documents/schema.h"

namespace namegate::kubernetes {

namespace {

constexpr std::array kKubernetesKinds = {PolicyKind{"networkpolicies", "NetworkPolicy", true}};
constexpr std::array kClusterKinds = {PolicyKind{"clusternetworkpolicies", "ClusterNetworkPolicy", false}};
constexpr std::array kCalicoKinds = {
    PolicyKind{"networkpolicies", "NetworkPolicy", true},
    PolicyKind{"globalnetworkpolicies", "GlobalNetworkPolicy", false},
    PolicyKind{"networksets", "NetworkSet", true},
    PolicyKind{"globalnetworksets", "GlobalNetworkSet", false},
    PolicyKind{"tiers", "Tier", false},
    PolicyKind{"stagednetworkpolicies", "StagedNetworkPolicy", true},
    PolicyKind{"stagedglobalnetworkpolicies", "StagedGlobalNetworkPolicy", false},
};

constexpr std::array kKubernetesGroups = {PolicyGroup{policy::kKubernetesPolicyVersion, kKubernetesKinds, PolicyForm::kAsServed}};
constexpr std::array kClusterGroups = {PolicyGroup{policy::kClusterPolicyVersion, kClusterKinds, PolicyForm::kAsServed}};
constexpr std::array kCalicoGroups = {PolicyGroup{policy::kCalicoVersion, kCalicoKinds, PolicyForm::kAsServed},
                                      PolicyGroup{"crd.projectcalico.org/v1", kCalicoKinds, PolicyForm::kStoredByCalico}};
constexpr std::array kOwnGroups = {PolicyGroup{policy::kOwnVersion, kCalicoKinds, PolicyForm::kAsCalico, true}};

constexpr std::array kSources = {PolicySourceSpec{"kubernetes", kKubernetesGroups}, PolicySourceSpec{"network-policy-api", kClusterGroups},
                                 PolicySourceSpec{"calico", kCalicoGroups}, PolicySourceSpec{"namegate", kOwnGroups}};

}  // namespace

std::span<const PolicySourceSpec> all_policy_sources() { return kSources; }

const PolicySourceSpec* find_policy_source(std::string_view name) {
    const auto* const found = std::find_if(kSources.begin(), kSources.end(), [&](const PolicySourceSpec& one) { return one.name == name; });
    return found == kSources.end() ? nullptr : found;
}

std::string folder_of(const PolicyGroup& group, const PolicyKind& kind) {
    return std::string(policy::kObjectPrefix) + std::string(group.version) + "/" + std::string(kind.resource) + "/";
}

}  // namespace namegate::kubernetes
