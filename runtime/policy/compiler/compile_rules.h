// SPDX-License-Identifier: Apache-2.0
//
// The rules of one endpoint and direction in order, with where they come from: the first step of compile().
// Plain values that point into the snapshot.
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

// A part of a rule that names ports of the other side: for peers that mean the same by the names, or for all
// others, to whom the names mean nothing.
struct NamedPortPart {
    std::vector<std::size_t> peers;    // the resolver's endpoints
    bool others = false;               // all but the peers
    std::vector<NamedPort> ports;      // what the names among `ports` mean to them
    std::vector<NamedPort> not_ports;  // and those among `notPorts`
};

// A compiled rule and its source; both null for a tier's end and the profile.
struct NumberedRule {
    CompiledRule compiled;
    const Policy* policy = nullptr;
    const Rule* rule = nullptr;
    std::optional<NamedPortPart> part;
    bool v4 = true;  // can match packets of this family, as far as the local side and the protocol go
    bool v6 = true;
};

// Numbers the rules tier by tier (E2-E5). Fails over the limits, naming the policies.
Result<std::vector<NumberedRule>> number_rules(Resolver& resolver);

// The parts of a rule that names ports of the other side: no packet is in two of them. Empty: it names none.
std::vector<NamedPortPart> split_by_named_ports(const Policy& policy, const Rule& rule, Direction direction, Resolver& resolver);

// "NetworkPolicy default/x, rule 3 (policies.d/x.yaml:12)", for errors.
std::string where(const NumberedRule& rule);

}  // namespace namegate::policy
