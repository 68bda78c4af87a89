// SPDX-License-Identifier: Apache-2.0
#include "config/policy_sources.h"

#include <algorithm>
#include <string>

#include "config/config.h"

namespace namegate::config {

void read_policy_sources(const policy::Cursor& root, Config& config) {
    const auto sources = root.child("policySources");
    if (!sources) {
        return;
    }
    bool files = false;
    root.each("policySources", [&](const policy::Cursor& item) {
        const std::string& name = item.node().text();
        const bool known = name == kFilesSource
                               ? files
                               : std::find(config.policy_groups.begin(), config.policy_groups.end(), name) != config.policy_groups.end();
        if (known) {
            item.error("the policy source is in the list already");
        } else if (name == kFilesSource) {
            files = true;
        } else {
            config.policy_groups.push_back(name);
        }
    });
    if (!files && config.policy_groups.empty()) {
        sources->error("without a source there are no policies, and all pods are open; write at least one");
    }
    if (!config.policy_groups.empty() && config.label_sources && !config.uses_api_server()) {
        sources->error("labelSources does not list kubernetes, so nothing would ask the API server for policies");
    }
    if (!files && root.child("policyDirs")) {
        root.field_error("policyDirs", "policySources does not list files, so nothing would read these folders");
    }
    if (!files) {
        config.policy_dirs.clear();
    }
}

}  // namespace namegate::config
