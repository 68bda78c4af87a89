// SPDX-License-Identifier: Apache-2.0
//
// Named ports of the other side. Each peer can give a name another number, and a compiled rule matches addresses and ports
// independently. So such a rule is compiled in parts: one for each group of peers with the same numbers, and one for all other
// addresses. A step of compile(). Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "policy/model/own_side.h"
#include "policy/model/selection.h"

namespace namegate::policy {

// One part of a rule that has named ports on the other side.
struct NamedPortPart {
    std::vector<std::size_t> peers;    // indexes of the resolver's endpoints
    bool others = false;               // false: for `peers`, which have the same numbers; true: for all other addresses
    std::vector<NamedPort> ports;      // the peers' numbers for the names in `ports`
    std::vector<NamedPort> not_ports;  // the same for `notPorts`
};

// Splits a rule with named ports on the other side; no packet matches two of the parts. Empty for a rule without such ports.
std::vector<NamedPortPart> split_by_named_ports(const Policy& policy, const Rule& rule, Direction direction, Resolver& resolver);

}  // namespace namegate::policy
