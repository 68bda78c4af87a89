// SPDX-License-Identifier: Apache-2.0
//
// The DNS servers that are trusted for all pods, and the source that names each: the configuration, the node's resolv.conf or
// kubelet's configuration. The servers that a pod gets at ADD are not here: they count for that pod only and are in its endpoint
// record. Owns the servers that each file named last. They stay trusted while the file is missing, broken or empty, because a
// program may be rewriting it. One thread; reading blocks on the disk and cannot fail.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "dns/trusted_servers.h"

namespace namegate::config {

struct NamedServer {
    dns::TrustedServer server;
    std::string named_by;  // "dnsTrustedServers", or a path
    bool operator==(const NamedServer&) const = default;
};

class DnsServers {
  public:
    explicit DnsServers(const Config& config) : settings_(config.dns_servers) {}

    // Each server once, in the order of the sources, at most dns::kMaxTrustedServers. problems() has the errors of the sources
    // until the next read().
    const std::vector<NamedServer>& read();
    const std::vector<std::string>& problems() const { return problems_; }
    // What in the node's resolv.conf is of no use to pods, until the next read(). None while the configuration or kubelet names
    // servers: pods use those, and a resolver on the node's loopback is then no mistake.
    const std::vector<std::string>& warnings() const { return warnings_; }
    // The files that read() looks for; they need not exist.
    std::vector<std::string> files() const;

  private:
    void read_node();
    void read_kubelet();
    void add(const NamedServer& named);

    DnsServerSettings settings_;
    std::vector<NamedServer> node_;     // last read
    std::vector<NamedServer> kubelet_;  // likewise
    std::vector<NamedServer> servers_;
    std::vector<std::string> problems_;
    std::vector<std::string> warnings_;
};

}  // namespace namegate::config
