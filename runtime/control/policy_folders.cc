// SPDX-License-Identifier: Apache-2.0
#include "control/policy_folders.h"

#include "policy/policy_folder.h"

namespace namegate::control {

std::vector<FolderProblem> load_policy_folders(policy::PolicyStore& store, const std::vector<std::string>& folders) {
    std::vector<FolderProblem> problems;
    for (const std::string& folder : folders) {
        if (const auto loaded = policy::load_folder(store, folder); !loaded) {
            problems.push_back({folder, loaded.error().message()});
        }
    }
    return problems;
}

}  // namespace namegate::control
