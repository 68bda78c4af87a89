// SPDX-License-Identifier: Apache-2.0
//
// What an administrator should know although namegate itself works: DNS servers that nobody trusts and pods ask all the same,
// pods whose labels nobody knows, policies that select nobody, domains that nobody looks up. Looked for in rounds, a part a
// tick, so that a node of any size is served meanwhile; each is logged once when it first appears. One thread; what cannot be
// read is a warning itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "daemon/warnings/lookups.h"
#include "daemon/warnings/policy_warnings.h"
#include "daemon/warnings/refused_pods.h"
#include "daemon/warnings/warning_log.h"
#include "dns/trusted_servers.h"
#include "endpoints/record.h"

namespace namegate::daemon {

class Node;
class SeenEndpoints;

inline constexpr std::size_t kShownWarnings = 8;            // of a kind in `status`, and names in one line
inline constexpr std::size_t kWarningStepsPerTick = 5'000;  // endpoints and domains looked at: a few ms

// A server of which it is not known whether it may be trusted.
struct StrangeServer {
    IpAddress server;
    std::vector<std::string> pods;  // that it answered
    std::uint64_t responses = 0;
    bool matters = false;  // some of them have domains in their policy
};
// With the line to write into namegate.yaml.
Warning strange_server(const StrangeServer& server, const config::DnsServerSettings& trusted);

class Warnings {
  public:
    explicit Warnings(const Clock& clock);
    ~Warnings();
    Warnings(const Warnings&) = delete;
    Warnings& operator=(const Warnings&) = delete;
    Warnings(Warnings&&) = delete;
    Warnings& operator=(Warnings&&) = delete;

    // Goes on with the round, or begins one when something changed or some seconds have passed.
    void tick(Node& node);
    // One line each.
    std::vector<std::string> lines(Node& node) const;

    // The endpoint was programmed, or was not and why. Only that its labels are unknown is remembered.
    void note_programmed(const endpoints::Record& record, const Result<>& result, bool labels_unknown);
    Lookups& lookups() { return lookups_; }

  private:
    struct Round;
    void begin(Node& node);
    void finish(Node& node);
    std::vector<Warning> servers(Node& node) const;
    std::vector<Warning> unknown_labels(const Node& node) const;

    const Clock& clock_;
    Lookups lookups_;
    PolicyWarnings policies_;
    WarningLog log_;
    RefusedPods refused_;
    std::unique_ptr<Round> round_;  // null: between two
    std::uint64_t revision_ = 0;    // of what the programmer did, at the last round's begin
    std::uint64_t generation_ = 0;  // of the policies then
    std::uint64_t next_ns_ = 0;
};

}  // namespace namegate::daemon
