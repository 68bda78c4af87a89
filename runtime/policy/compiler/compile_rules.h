// SPDX-License-Identifier: Apache-2.0
//
// The rules of one endpoint and direction in order, with their origins: the first step of compile(). Plain values with
// pointers into the snapshot.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/compiler/compiled_policy.h"
#include "policy/model/own_side.h"
#include "policy/model/selection.h"

namespace namegate::policy {

// A part of a rule with named ports on the other side: for peers that give the names the same numbers, or for all others,
// which do not have the names.
struct NamedPortPart {
    std::vector<std::size_t> peers;    // indexes of the resolver's endpoints
    bool others = false;               // for all but the peers
    std::vector<NamedPort> ports;      // the peers' numbers for the names in `ports`
    std::vector<NamedPort> not_ports;  // the same for `notPorts`
};

// A compiled rule and its origin. `policy` and `rule` are null for the end of a tier and for the profile.
struct NumberedRule {
    CompiledRule compiled;
    const Policy* policy = nullptr;
    const Rule* rule = nullptr;
    std::optional<NamedPortPart> part;
    bool v4 = true;  // the local side and the protocol can match packets of this family
    bool v6 = true;
};

// Numbers the rules tier by tier (E2-E5). kExhausted: over a limit; the message names the policies.
Result<std::vector<NumberedRule>> number_rules(Resolver& resolver);

// Splits a rule with named ports on the other side into parts; no packet matches two of them. Returns nothing for a rule
// without such names.
std::vector<NamedPortPart> split_by_named_ports(const Policy& policy, const Rule& rule, Direction direction, Resolver& resolver);

// "NetworkPolicy default/x, rule 3 (policies.d/x.yaml:12)", for errors.
std::string where(const NumberedRule& rule);

}  // namespace namegate::policy
