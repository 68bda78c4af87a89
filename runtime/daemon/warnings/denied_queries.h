// SPDX-License-Identifier: Apache-2.0
//
// Finds endpoints whose policies have domains and allow no DNS query to a trusted server, so that no name opens anything. Checks one
// endpoint at a time, in rounds, so that the caller can divide the work; endpoints with the same compiled policy share it. Owns its
// memory only. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/warnings/warning_log.h"
#include "dns/trusted_servers.h"
#include "node/programmer.h"

namespace namegate::daemon {

class DeniedQueries {
  public:
    // Begins a round.
    void begin() { next_ = Round(); }
    // Returns the cost: the number of prefixes, ports and domains looked at. `egress` may be null: everything is allowed.
    std::size_t check(const std::string& endpoint, const node::CompiledRef& egress, const std::vector<dns::TrustedServer>& servers);
    // Ends the round: its warnings replace those of the last one.
    void end();

    // One for each advice.
    const std::vector<Warning>& warnings() const { return warnings_; }
    std::size_t endpoints() const { return endpoints_; }

  private:
    struct Round {
        // The advice for a compiled policy, and the servers; empty: some query is allowed.
        std::map<std::pair<node::CompiledRef, std::vector<dns::TrustedServer>>, std::string> advice;
        std::map<std::string, std::vector<std::string>> endpoints;  // by advice
    };

    Round next_;
    std::vector<Warning> warnings_;
    std::size_t endpoints_ = 0;
};

}  // namespace namegate::daemon
