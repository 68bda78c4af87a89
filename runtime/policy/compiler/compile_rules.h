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

// One part of a rule that has named ports on the other side (see compile_named_ports.cc).
struct NamedPortPart {
    std::vector<std::size_t> peers;    // indexes of the resolver's endpoints
    bool others = false;               // false: for `peers`, which have the same numbers; true: for all other addresses
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

// Splits a rule with named ports on the other side; no packet matches two of the parts. Empty for a rule without such ports.
std::vector<NamedPortPart> split_by_named_ports(const Policy& policy, const Rule& rule, Direction direction, Resolver& resolver);

// "NetworkPolicy default/x, rule 3 (policies.d/x.yaml:12)", for errors.
std::string where(const NumberedRule& rule);

}  // namespace namegate::policy
