// SPDX-License-Identifier: Apache-2.0
#include "config/cluster_domain.h"

#include <utility>

#include "config/kubelet_dns.h"

namespace namegate::config {

ClusterDomain::ClusterDomain(const Config& config)
    : files_(config.dns_queries.always ? std::vector<std::string>() : config.dns_servers.kubelet_configs) {}

const std::string& ClusterDomain::read() {
    if (std::string found = find_cluster_domain(files_); !found.empty()) {
        domain_ = std::move(found);
    }
    return domain_;
}

}  // namespace namegate::config
