// SPDX-License-Identifier: Apache-2.0
//
// Conditions that an administrator should know although namegate itself works: untrusted DNS servers that pods use, pods whose
// labels are unknown, pods whose policies have domains and deny their DNS queries, policies that select no endpoint, domains that no
// endpoint looks up, rules that never match, pods that use DNS over TLS or HTTPS. They are searched for in rounds, a part of a round in
// each tick, so that a large node does not delay other work. Each warning is logged once when it appears. Owns its memory only. One thread;
// a read error is itself a warning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "daemon/warnings/denied_queries.h"
#include "daemon/warnings/encrypted_dns.h"
#include "daemon/warnings/lookups.h"
#include "daemon/warnings/policy_warnings.h"
#include "daemon/warnings/refused_pods.h"
#include "daemon/warnings/unused_rules.h"
#include "daemon/warnings/warning_log.h"
#include "dns/trusted_servers.h"
#include "endpoints/record.h"

namespace namegate::daemon {

class Node;

inline constexpr std::size_t kShownWarnings = 8;            // of each kind in `status`; also names in one line
inline constexpr std::size_t kWarningStepsPerTick = 5'000;  // endpoints and domains checked: a few ms

// An untrusted server, and the pods that it sent responses to.
struct UntrustedServerSummary {
    IpAddress server;
    std::vector<std::string> pods;
    std::uint64_t responses = 0;
    bool matters = false;  // at least one of the pods has domains in its policy
};
// The warning contains the line to write into namegate.yaml.
Warning untrusted_server(const UntrustedServerSummary& server, const config::DnsServerSettings& trusted);

// How many there were of each kind at the end of the last round.
struct WarningNumbers {
    std::size_t untrusted_servers = 0;
    std::size_t pods_without_labels = 0;
    std::size_t unselecting_policies = 0;
    std::size_t domains_not_looked_up = 0;
    std::size_t rules_without_match = 0;
    std::size_t endpoints_without_dns = 0;  // whose policies have domains and deny their DNS queries
    std::size_t encrypted_dns = 0;          // resolvers
};

class Warnings {
  public:
    explicit Warnings(const Clock& clock);
    ~Warnings();
    Warnings(const Warnings&) = delete;
    Warnings& operator=(const Warnings&) = delete;
    Warnings(Warnings&&) = delete;
    Warnings& operator=(Warnings&&) = delete;

    // Continues the round, or begins one if policies or endpoints changed or the last one began 5 s ago.
    void tick(Node& node);
    // One line each.
    std::vector<std::string> lines(Node& node) const;
    const WarningNumbers& numbers() const { return numbers_; }

    // The result of programming an endpoint. Only failures because of unknown labels are stored.
    void note_programmed(const endpoints::Record& record, const Result<>& result);
    Lookups& lookups() { return lookups_; }
    EncryptedDns& encrypted_dns() { return encrypted_dns_; }

  private:
    struct Round;
    void begin(Node& node);
    std::size_t check_endpoint(Node& node, std::uint32_t endpoint);
    std::size_t check_queries(const Node& node, const endpoints::Record& record);
    void finish(Node& node);
    std::vector<Warning> servers(Node& node) const;
    std::vector<Warning> unknown_labels(const Node& node) const;

    const Clock& clock_;
    Lookups lookups_;
    PolicyWarnings policies_;
    DeniedQueries denied_queries_;
    UnusedRules unused_rules_;
    WarningLog log_;
    RefusedPods refused_;
    EncryptedDns encrypted_dns_;
    WarningNumbers numbers_;
    std::unique_ptr<Round> round_;  // null: between two rounds
    std::uint64_t revision_ = 0;    // of the programmer, when the last round began
    std::uint64_t generation_ = 0;  // of the snapshot at that time
    std::uint64_t next_ns_ = 0;
    std::uint64_t next_rules_ns_ = 0;      // when the rules' counters are read again
    std::optional<MatchedRules> matched_;  // that the last round read, for this one; none: it read none
};

}  // namespace namegate::daemon
