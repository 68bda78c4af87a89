// SPDX-License-Identifier: Apache-2.0
//
// The result of `namegatectl explain` as JSON, from compiled rules and the known addresses of the destination. The daemon passes
// the rules in force and the learned addresses; `explain --offline` has only policy files and labels. Pure.
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
    std::optional<IpAddress> address;    // none: the destination's name has not been looked up yet
    std::vector<std::string> names;      // the names that led to it; for display only
    std::vector<std::string> patterns;   // the patterns that the kernel has learned for it
    std::vector<std::string> looked_up;  // the names to judge as if the endpoint had just looked them up
};

struct ExplainFacts {
    std::string endpoint;  // the name shown to people
    std::string mode;      // "enforced", "open", "closed"
    policy::Direction direction = policy::Direction::kEgress;
    policy::Destination destination;
    const policy::CompiledPolicy* compiled = nullptr;  // null: no policy selects the endpoint in this direction
    const policy::CompiledPolicy* preview = nullptr;   // with the staged policies; null: none selects the endpoint
    std::vector<ExplainTarget> targets;                // empty: judge the destination as it is written
    std::vector<std::string> notes;
    std::optional<std::vector<dns::TrustedServer>> trusted;  // those in force; none: not known (no daemon)
    std::vector<IpAddress> untrusted;                        // other servers that answered the endpoint
};

// kInvalidInput if the direction is ingress and the destination is a name: names open only egress.
Result<> check_direction(const policy::Destination& destination, policy::Direction direction);

// {endpoint, mode, direction, destination, service, assumed, allowed, verdict, notes: [], results: [{address, names: [],
//  patterns: [], allowed, verdict, reason, advice: [], path: [{number, tier, kind, policy, index, action, text, file, line,
//  matched, why}], staged: null or {allowed, verdict, reason, path}}]}
// A verdict is "allowed", "denied" or "after lookup": the rules will allow the flow after the endpoint has looked up the name
// at a trusted server. Until then it is not allowed, and `advice` says what must happen first.
Json explain_json(const ExplainFacts& facts);

// {number, tier, kind, policy, index, action, text, file, line}
Json rule_json(const policy::CompiledRule& rule, std::size_t number);

}  // namespace namegate::api
