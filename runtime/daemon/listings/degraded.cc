// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/degraded.h"

#include "base/utc_text.h"
#include "daemon/node.h"

namespace namegate::daemon {

std::vector<Degradation> degradations(const Node& node) {
    std::vector<Degradation> out;
    for (const node::FolderProblem& problem : node.runtime().folder_problems()) {
        out.push_back({"policy_folder", "policy folder " + problem.folder + ": " + problem.why});
    }
    for (const policy::FileStatus& file : node.runtime().policies().files()) {
        if (!file.loaded) {
            out.push_back({"policy_file", "policy file " + file.path +
                                              " is refused (in force: " + std::string(policy::to_string(file.in_force)) +
                                              (file.since == 0 ? "" : ", since " + utc_text(file.since)) + ")"});
        }
    }
    for (const auto& entry : node.records()) {
        const node::Programmed* state = node.programmer().find(entry.first);
        // Unknown policies are reported once for all endpoints.
        if (state != nullptr && !state->error.empty() && state->error != node.programmer().unknown()) {
            out.push_back({"endpoint", "endpoint " + display_name(entry.second) + " keeps its last policy: " + state->error});
        }
    }
    for (const auto& problem : node.health().problems()) {
        out.push_back({"daemon", problem.first + ": " + problem.second});
    }
    if (node.runtime().trusted_servers().empty() && !node.config().dns_servers.pod) {
        out.push_back({"dns_servers", "no DNS server is trusted, so no name opens anything: set dnsTrustedServers"});
    }
    return out;
}

}  // namespace namegate::daemon
