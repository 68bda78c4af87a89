// SPDX-License-Identifier: Apache-2.0
//
// The names under which containerd may know a CNI container: Kubernetes' sandboxes by their id in the namespace "k8s.io"
// (or the configured one), containers of `ctr run --cni` as "<namespace>-<id>". Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace namegate::containerd {

inline constexpr std::string_view kKubernetesNamespace = "k8s.io";
inline constexpr std::string_view kDefaultNamespace = "default";

struct Lookup {
    std::string name_space;
    std::string id;

    bool operator==(const Lookup&) const = default;
};

// In the order in which to ask. The caller stops at the first that exists.
std::vector<Lookup> lookups(std::string_view configured_namespace, std::string_view container_id);

}  // namespace namegate::containerd
