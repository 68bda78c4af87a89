// SPDX-License-Identifier: Apache-2.0
//
// The configured folders of policies and of kubelet's pod manifests, read into a store. A folder that cannot be read leaves what it gave
// before in force, and is named. Blocks on the disk.
#pragma once

#include <string>
#include <vector>

#include "control/config.h"
#include "policy/policy_store.h"

namespace namegate::control {

struct FolderProblem {
    std::string folder;
    std::string why;

    bool operator==(const FolderProblem&) const = default;
};

std::vector<FolderProblem> load_policy_folders(policy::PolicyStore& store, const Config& config);

// What kubelet puts behind a static pod's name: nodeName, or this machine's name in small letters.
std::string node_name(const Config& config);

// All that is to be watched.
std::vector<std::string> watched_folders(const Config& config);

}  // namespace namegate::control
