// SPDX-License-Identifier: Apache-2.0
//
// All reasons why the node is not healthy, as `status` shows them and the metrics count them. Reads only. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace namegate::daemon {

class Node;

// Machine names of the kinds of reasons; docs/metrics.md lists them.
inline constexpr std::string_view kDegradationKinds[] = {"policy_folder", "policy_file", "endpoint",  "address_limit",
                                                         "daemon",        "dns_servers", "api_server"};

struct Degradation {
    std::string_view kind;  // one of kDegradationKinds
    std::string text;       // one line
};

std::vector<Degradation> degradations(const Node& node);

// An endpoint whose newest policy is not in force.
struct EndpointError {
    std::string endpoint;
    std::string error;
};
// One line for all endpoints with the same reason.
std::vector<std::string> fold_endpoint_errors(const std::vector<EndpointError>& errors);

}  // namespace namegate::daemon
