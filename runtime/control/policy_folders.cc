// SPDX-License-Identifier: Apache-2.0
#include "control/policy_folders.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "policy/policy_folder.h"

namespace namegate::control {

std::string node_name(const Config& config) {
    if (!config.node_name.empty()) {
        return config.node_name;
    }
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return "localhost";
    }
    std::string lower(name.data());
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower.empty() ? "localhost" : lower;
}

std::vector<std::string> watched_folders(const Config& config) {
    std::vector<std::string> out = config.policy_dirs;
    out.insert(out.end(), config.pod_manifest_dirs.begin(), config.pod_manifest_dirs.end());
    return out;
}

std::vector<FolderProblem> load_policy_folders(policy::PolicyStore& store, const Config& config) {
    std::vector<FolderProblem> problems;
    const auto note = [&problems](const std::string& folder, const Result<>& loaded) {
        if (!loaded) {
            problems.push_back({folder, loaded.error().message()});
        }
    };
    for (const std::string& folder : config.policy_dirs) {
        note(folder, policy::load_folder(store, folder));
    }
    for (const std::string& folder : config.pod_manifest_dirs) {
        note(folder, policy::load_manifest_folder(store, folder, node_name(config)));
    }
    return problems;
}

}  // namespace namegate::control
