// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/degraded.h"

#include <map>
#include <set>
#include <utility>

#include "base/listed.h"
#include "base/utc_text.h"
#include "daemon/node.h"

namespace namegate::daemon {

namespace {

constexpr std::size_t kShownNames = 4;
constexpr std::size_t kNamedEndpoints = 8;  // in one line

// The reason without the name of the pod, so that pods with the same reason share a line.
std::string shared_reason(std::string error, const std::string& name) {
    const std::string own = "pod " + name;
    if (const std::size_t at = error.find(own); at != std::string::npos) {
        error.replace(at, own.size(), "the pod");
    }
    return error;
}

// Empty: it is connected, is about to be, or is no source.
std::string api_server_text(const std::optional<ApiServerState>& state) {
    if (!state || !state->away) {
        return {};
    }
    return "the API server" + (state->server.empty() ? "" : " " + state->server) + " is away since " + utc_text(state->since_seconds) +
           ": " + state->last_error + "; labels stay as they are known, and new pods have those of the next label source";
}

}  // namespace

std::vector<std::string> fold_endpoint_errors(const std::vector<EndpointError>& errors) {
    std::map<std::string, std::vector<const EndpointError*>> by_reason;
    for (const EndpointError& one : errors) {
        by_reason[shared_reason(one.error, one.endpoint)].push_back(&one);
    }
    std::vector<std::string> out;
    for (const auto& [reason, endpoints] : by_reason) {
        if (endpoints.size() == 1) {
            out.push_back("endpoint " + endpoints.front()->endpoint + " keeps its last policy: " + endpoints.front()->error);
            continue;
        }
        out.push_back(std::to_string(endpoints.size()) + " endpoints keep their last policy (" +
                      listed(endpoints, kNamedEndpoints, [](const EndpointError* one) { return one->endpoint; }) + "): " + reason);
    }
    return out;
}

std::vector<Degradation> degradations(const Node& node) {
    std::vector<Degradation> out;
    for (const node::FolderProblem& problem : node.runtime().folder_problems()) {
        const bool is_folder = !policy::is_object_path(problem.folder);
        out.push_back({"policy_folder", (is_folder ? "policy folder " : "policy source ") + problem.folder + ": " + problem.why});
    }
    for (const policy::FileStatus& file : node.runtime().policies().refused()) {
        const bool is_file = !policy::is_object_path(file.path);
        out.push_back({"policy_file", (is_file ? "policy file " : "policy ") + file.path +
                                          " is refused (in force: " + std::string(policy::to_string(file.in_force)) +
                                          (file.since == 0 ? "" : ", since " + utc_text(file.since)) + ")"});
    }
    std::vector<EndpointError> errors;
    std::set<std::string> reported;
    for (const auto& entry : node.records()) {
        const node::Programmed* state = node.programmer().find(entry.first);
        // Unknown policies are reported once for all endpoints.
        if (state != nullptr && !state->error.empty() && state->error != node.programmer().unknown()) {
            errors.push_back({display_name(entry.second), state->error});
            reported.insert(state->error);
        }
    }
    for (std::string& line : fold_endpoint_errors(errors)) {
        out.push_back({"endpoint", std::move(line)});
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
        // Programming fails for the reasons of the endpoints.
        if (problem.first != Node::kProgramming || reported.count(problem.second) == 0) {
            out.push_back({"daemon", problem.first + ": " + problem.second});
        }
    }
    if (node.runtime().trusted_servers().empty() && !node.config().dns_servers.pod) {
        out.push_back({"dns_servers", "no DNS server is trusted, so no name opens anything: set dnsTrustedServers"});
    }
    if (std::string text = api_server_text(node.api_server()); !text.empty()) {
        out.push_back({"api_server", std::move(text)});
    }
    return out;
}

}  // namespace namegate::daemon
