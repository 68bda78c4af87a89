// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/degraded.h"

#include "base/listed.h"
#include "base/utc_text.h"
#include "daemon/node.h"

namespace namegate::daemon {

namespace {

constexpr std::size_t kShownNames = 4;

}  // namespace

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
    const std::uint64_t now = node.clock().boot_ns();
    for (const auto& [id, record] : node.records()) {
        if (const std::vector<std::string> names = node.names_without_room().of(id, now); !names.empty()) {
            out.push_back({"address_limit", "addresses of " + listed(names, kShownNames) + " found no room for " + display_name(record) +
                                                " (limits.learntAddressesPerEndpoint is " +
                                                std::to_string(node.config().learnt_per_endpoint) +
                                                "): the pod cannot reach them; raise the limit, or name fewer domains"});
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
