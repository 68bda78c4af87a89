// SPDX-License-Identifier: Apache-2.0
#include "policy/model/resources.h"

namespace namegate::policy {
namespace {

struct KeyOf {
    ResourceKey operator()(const Policy& policy) const { return {policy.kind, policy.name_space, policy.name}; }
    ResourceKey operator()(const NetworkSet& set) const { return {set.kind, set.name_space, set.name}; }
    ResourceKey operator()(const Tier& tier) const { return {"Tier", "", tier.name}; }
    ResourceKey operator()(const PodDocument& pod) const { return {"Pod", pod.name_space, pod.name}; }
    ResourceKey operator()(const NamespaceDocument& name_space) const { return {"Namespace", "", name_space.name}; }
    ResourceKey operator()(const ServiceAccountDocument& account) const { return {"ServiceAccount", account.name_space, account.name}; }
};

}  // namespace

ResourceKey key_of(const Resource& resource) { return std::visit(KeyOf(), resource); }

const Place& place_of(const Resource& resource) {
    return std::visit([](const auto& value) -> const Place& { return value.place; }, resource);
}

std::string to_string(const ResourceKey& key) { return key.kind + " " + (key.name_space.empty() ? "" : key.name_space + "/") + key.name; }

}  // namespace namegate::policy
