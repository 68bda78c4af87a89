// SPDX-License-Identifier: Apache-2.0
//
// Makes the reply to `explain`, from compiled rules and the known addresses of the destination. The daemon passes
// the rules in force and the learned addresses; `explain --offline` has only policy files and labels. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/replies/explain.h"
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
    std::vector<std::string> without_room;                   // names whose addresses found no room at their last lookup
    std::size_t address_limit = 0;                           // learntAddressesPerEndpoint
};

// kInvalidInput if the direction is ingress and the destination is a name or has a TLS name: both concern only egress.
Result<> check_direction(const policy::Destination& destination, policy::Direction direction);

ExplainReply explain(const ExplainFacts& facts);

// Whether the policy allows no DNS query to any trusted server, over UDP or TCP. False if a trusted network is among them, because it
// is not known which of its addresses are servers.
bool denies_queries(const policy::CompiledPolicy& compiled, const std::vector<dns::TrustedServer>& trusted);
// What would allow queries to the trusted servers, of which there is at least one.
std::vector<std::string> advice_for_queries(const policy::CompiledPolicy& compiled, const std::vector<dns::TrustedServer>& trusted);

RuleItem rule_item(const policy::CompiledRule& rule, std::size_t number);

}  // namespace namegate::api
