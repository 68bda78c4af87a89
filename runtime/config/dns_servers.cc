// SPDX-License-Identifier: Apache-2.0
#include "config/dns_servers.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "config/kubelet_dns.h"
#include "dns/resolv_conf.h"

namespace namegate::config {

std::vector<std::string> DnsServers::files() const {
    std::vector<std::string> out;
    if (settings_.node) {
        out.push_back(settings_.resolv_conf);
    }
    if (settings_.kubelet) {
        out.insert(out.end(), settings_.kubelet_configs.begin(), settings_.kubelet_configs.end());
    }
    return out;
}

void DnsServers::read_node() {
    const auto content = read_file(settings_.resolv_conf, dns::kMaxResolvConfBytes);
    if (!content) {
        if (content.error().code() != Code::kNotFound) {
            problems_.push_back(content.error().message());
        }
        return;
    }
    std::vector<NamedServer> found;
    const dns::ResolvConf conf = dns::resolv_conf_servers(*content);
    for (const dns::TrustedServer& server : conf.servers) {
        found.push_back({server, settings_.resolv_conf});
    }
    for (const std::string& warning : conf.warnings) {
        warnings_.push_back(settings_.resolv_conf + ", " + warning);
    }
    if (!found.empty()) {
        node_ = std::move(found);
    }
}

void DnsServers::read_kubelet() {
    const auto found = find_cluster_dns(settings_.kubelet_configs);
    if (!found) {
        problems_.push_back(found.error().message());
        return;
    }
    if (!*found) {
        return;  // not a node of a cluster
    }
    kubelet_.clear();
    for (const IpAddress& address : (*found)->servers) {
        kubelet_.push_back({dns::TrustedServer{IpPrefix(address, address.bits()), dns::kDefaultDnsPort}, (*found)->path});
    }
}

void DnsServers::add(const NamedServer& named) {
    const bool known = std::any_of(servers_.begin(), servers_.end(), [&](const NamedServer& one) { return one.server == named.server; });
    if (!known && servers_.size() < dns::kMaxTrustedServers) {
        servers_.push_back(named);
    }
}

const std::vector<NamedServer>& DnsServers::read() {
    problems_.clear();
    warnings_.clear();
    if (settings_.node) {
        read_node();
    }
    if (settings_.kubelet) {
        read_kubelet();
    }
    if (!settings_.listed.empty() || !kubelet_.empty()) {
        warnings_.clear();
    }
    servers_.clear();
    for (const dns::TrustedServer& server : settings_.listed) {
        add({server, "dnsTrustedServers"});
    }
    for (const std::vector<NamedServer>* found : {&kubelet_, &node_}) {
        std::for_each(found->begin(), found->end(), [this](const NamedServer& named) { add(named); });
    }
    return servers_;
}

}  // namespace namegate::config
