// SPDX-License-Identifier: Apache-2.0
//
// The DNS servers that every pod may learn names from, and who named each: the configuration, the node's resolv.conf,
// kubelet's configuration. Owns what each file said last, which stays in force while the file is missing, broken or empty
// (it may be being rewritten). Servers that a pod was given at ADD are not here: they count for that pod alone, and stand in
// its record. One thread; reading blocks on the disk and cannot fail.
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

    // Each once, in the order of the sources; within dns::kMaxTrustedServers. An error of a source is in problems() until the
    // next read().
    const std::vector<NamedServer>& read();
    const std::vector<std::string>& problems() const { return problems_; }
    // The files that read() looks at, whether they are there or not.
    std::vector<std::string> files() const;

  private:
    void read_node();
    void read_kubelet();
    void add(const NamedServer& named);

    DnsServerSettings settings_;
    std::vector<NamedServer> node_;     // as read last
    std::vector<NamedServer> kubelet_;  // likewise
    std::vector<NamedServer> servers_;
    std::vector<std::string> problems_;
};

}  // namespace namegate::config
