// SPDX-License-Identifier: Apache-2.0
//
// The settings of the datapath that come from the configuration. Functions without state; apply_settings() blocks on the kernel.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/dns_servers.h"
#include "datapath/loader.h"
#include "node/node_lock.h"
#include "policy/model/domain_pattern.h"

namespace namegate::node {

datapath::DatapathOptions datapath_options(const config::Config& config);

// The names that every endpoint may ask for (D20): those of the configuration, or the cluster's domain; none if that is not a name.
std::vector<policy::DomainPattern> always_allowed(const config::Config& config, const std::string& cluster_domain);

// Writes the trusted servers, the addresses that no name opens, the rules for queries and the TTL bounds to the kernel.
Result<> apply_settings(const NodeLock& lock, datapath::Datapath& datapath, const config::Config& config,
                        const std::vector<config::NamedServer>& servers, const std::vector<policy::DomainPattern>& always);

}  // namespace namegate::node
