// SPDX-License-Identifier: Apache-2.0
//
// The answer of `namegatectl explain` as JSON, from compiled rules and what is known of the destination's
// addresses: one function for the daemon, which has the rules in force and the learnt addresses, and for the
// tool without it, which has files and labels only. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/protocol.h"
#include "base/ip.h"
#include "base/result.h"
#include "dns/trusted_servers.h"
#include "policy/compiler/compiled_policy.h"
#include "policy/compiler/destination.h"

namespace namegate::api {

// One address to judge, and what opened it for the endpoint.
struct ExplainTarget {
    std::optional<IpAddress> address;    // none: the destination's name was not looked up yet
    std::vector<std::string> names;      // that led to it; shown, they decide nothing
    std::vector<std::string> patterns;   // that the kernel has learnt for it
    std::vector<std::string> looked_up;  // names to judge as if they had just been looked up
};

struct ExplainFacts {
    std::string endpoint;  // as people call it
    std::string mode;      // "enforced", "open", "closed"
    policy::Direction direction = policy::Direction::kEgress;
    policy::Destination destination;
    const policy::CompiledPolicy* compiled = nullptr;  // null: no policy selects the endpoint in this direction
    const policy::CompiledPolicy* preview = nullptr;   // with the staged policies; null: none concerns it
    std::vector<ExplainTarget> targets;                // empty: the destination itself
    std::vector<std::string> notes;
    std::optional<std::vector<dns::TrustedServer>> trusted;  // those in force; none: not known, as without a daemon
    std::vector<IpAddress> untrusted;                        // servers that answered the endpoint, and are none of those
};

// A name can be asked about only as a destination.
Result<> check_direction(const policy::Destination& destination, policy::Direction direction);

// {endpoint, mode, direction, destination, service, assumed, allowed, verdict, notes: [], results: [{address, names: [],
//  patterns: [], allowed, verdict, reason, advice: [], path: [{number, tier, kind, policy, index, action, text, file, line,
//  matched, why}], staged: null or {allowed, verdict, reason, path}}]}
// A verdict is "allowed", "denied", or "after lookup": the rules allow it when the endpoint has looked the name up at a trusted
// server, which it has not; until then it is not allowed, and `advice` is what has to happen first.
Json explain_json(const ExplainFacts& facts);

// {number, tier, kind, policy, index, action, text, file, line}
Json rule_json(const policy::CompiledRule& rule, std::size_t number);

}  // namespace namegate::api
