// SPDX-License-Identifier: Apache-2.0
//
// The configured policy folders, read into a store. A folder that cannot be read leaves what it gave before
// in force, and is named. Blocks on the disk.
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

std::vector<FolderProblem> load_policy_folders(policy::PolicyStore& store, const std::vector<std::string>& folders);

}  // namespace namegate::control
