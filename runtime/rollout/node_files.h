// SPDX-License-Identifier: Apache-2.0
//
// namegate's files on a node where a DaemonSet runs the daemon: the plugin, its settings and the CNI configuration. Puts them
// there, each by a rename and the configuration last, and takes everything away again. Owns nothing; blocks on the disk; one
// process at a time. An error changes nothing of what the runtime reads.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::rollout {

// The first name of all in the runtime's folder, so that the runtime uses it; the node's own configuration stays beside it.
inline constexpr const char* kConflistName = "00-namegate.conflist";
inline constexpr std::size_t kMaxProgramBytes = std::size_t{64} * 1024 * 1024;
inline constexpr std::size_t kMaxConfFiles = 256;

struct NodePaths {
    std::string host;  // prefix of the node's paths: where the container has the node's folders; empty: here
    std::string bin_dir = "/opt/cni/bin";
    std::string conf_dir = "/etc/cni/net.d";
};

struct InstallOptions {
    NodePaths paths;
    std::string plugin;     // the program to install
    std::string settings;   // the namegate.yaml to install
    std::string conflist;   // the CNI configuration to install; empty: the node's own, with namegate chained into it
    std::string node_name;  // for settings that name no node; empty: leave it out
};

// What was done, a line each.
Result<std::vector<std::string>> install_on_node(const InstallOptions& options);

struct Removal {
    bool done = false;
    // The pods that are still enforced, a line each, and unreadable records.
    std::vector<std::string> waits_for;
};

// Takes away all that namegate left on the node. While pods are enforced, it takes away the configuration alone, and only if
// the runtime has another one: otherwise it could not remove the pods. Call again until `done`.
Result<Removal> remove_from_node(const NodePaths& paths);

// What namegate has on the node: paths that exist.
std::vector<std::string> left_on_node(const NodePaths& paths);

}  // namespace namegate::rollout
