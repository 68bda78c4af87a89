// SPDX-License-Identifier: Apache-2.0
//
// The trusted DNS servers that are Services of Kubernetes: their cluster addresses, and the addresses and ports of their endpoints. A
// Service that is not known adds none. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/dns_servers.h"
#include "dns/trusted_servers.h"
#include "kubernetes/known/knowledge.h"

namespace namegate::node {

// Adds each server once, the cluster addresses of all Services first, up to dns::kMaxTrustedServers and dns::kMaxTrustedPorts. `problems`
// gets what was left out.
void add_service_servers(const kubernetes::Knowledge& known, const std::vector<dns::ServiceServer>& services,
                         std::vector<config::NamedServer>& servers, std::vector<std::string>& problems);

}  // namespace namegate::node
