// SPDX-License-Identifier: Apache-2.0
//
// Where containerd's socket is on this node, when nobody has said so. Pure but for the check that is given.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace namegate::containerd {

// In the order in which they are looked for. A distribution of Kubernetes comes before the usual place, where another
// containerd may be beside it: Docker's, which runs no pods.
inline constexpr std::array<std::string_view, 3> kSocketPaths = {
    "/run/k3s/containerd/containerd.sock",            // k3s, RKE2
    "/var/snap/microk8s/common/run/containerd.sock",  // MicroK8s
    "/run/containerd/containerd.sock",                // containerd's own default
};

using IsSocket = std::function<bool(const std::string& path)>;

// Is a socket there? Whether somebody listens is not asked.
bool is_socket(const std::string& path);

// The first that is there. Nothing: none of them is.
std::optional<std::string> find_containerd_socket(const IsSocket& is_there = is_socket);

}  // namespace namegate::containerd
