// SPDX-License-Identifier: Apache-2.0
//
// Finds containerd's socket on this node when none is configured. Pure except for the check, which is injected.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace namegate::containerd {

// In search order. The paths of Kubernetes distributions come first, because such a node may also run another containerd
// at the default path, for example Docker's, which runs no pods.
inline constexpr std::array<std::string_view, 3> kSocketPaths = {
    "/run/k3s/containerd/containerd.sock",            // k3s, RKE2
    "/var/snap/microk8s/common/run/containerd.sock",  // MicroK8s
    "/run/containerd/containerd.sock",                // containerd's own default
};

using IsSocket = std::function<bool(const std::string& path)>;

// Returns whether the path is a socket. Does not check whether a process listens on it.
bool is_socket(const std::string& path);

// The first path that is a socket, or nullopt.
std::optional<std::string> find_containerd_socket(const IsSocket& is_there = is_socket);

}  // namespace namegate::containerd
