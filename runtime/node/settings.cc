// SPDX-License-Identifier: Apache-2.0
#include "node/settings.h"

#include "datapath/query_rules.h"
#include "datapath/settings.h"
#include "policy/model/domain_pattern.h"

namespace namegate::node {

datapath::DatapathOptions datapath_options(const config::Config& config) {
    datapath::DatapathOptions options;
    options.bpffs_dir = config.bpffs_dir;
    options.learnt_per_endpoint = config.learnt_per_endpoint;
    options.flows_per_endpoint = config.flows_per_endpoint;
    options.hello_buffers = config.tls_connections;
    return options;
}

std::vector<policy::DomainPattern> always_allowed(const config::Config& config, const std::string& cluster_domain) {
    if (config.dns_queries.always) {
        return *config.dns_queries.always;
    }
    const auto name = policy::DomainPattern::parse(cluster_domain);
    return name && name->kind() == policy::DomainPattern::Kind::kExact ? std::vector{*name} : std::vector<policy::DomainPattern>();
}

Result<> apply_settings(const NodeLock& /*lock*/, datapath::Datapath& datapath, const config::Config& config,
                        const std::vector<config::NamedServer>& servers, const std::vector<policy::DomainPattern>& always) {
    std::vector<datapath::NeverPrefix> never;
    for (const dns::NeverOpens::Entry& entry : config.never_opens.entries()) {
        never.push_back({entry.aaaa, entry.bytes, entry.length});
    }
    NG_TRY(datapath::set_never_opens(datapath, never));
    std::vector<datapath::TrustedPrefix> prefixes;
    prefixes.reserve(servers.size());
    for (const config::NamedServer& named : servers) {
        prefixes.push_back({named.server.prefix, named.server.port});
    }
    NG_TRY(datapath::set_trusted(datapath, prefixes, config.dns_servers.pod));
    const config::DnsQuerySettings& queries = config.dns_queries;
    NG_TRY(datapath::set_query_rules(datapath, {queries.types, always, queries.refuse, queries.new_names}));
    return datapath::set_ttl(datapath, {config.lifetime.extra_seconds, config.lifetime.min_seconds, config.lifetime.max_seconds});
}

}  // namespace namegate::node
