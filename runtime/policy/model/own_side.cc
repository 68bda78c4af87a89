// SPDX-License-Identifier: Apache-2.0
#include "policy/model/own_side.h"

#include <algorithm>

namespace namegate::policy {
namespace {

bool is_named(const Port& port) { return !port.name.empty(); }

}  // namespace

bool selects_by_labels(const EntityRule& side) { return side.selector || side.namespace_selector || side.service_accounts; }

bool depends_on_address(const EntityRule& side) {
    return !side.nets.empty() || !side.not_nets.empty() || selects_by_labels(side) || side.not_selector;
}

bool names_ports(const EntityRule& side) {
    return std::any_of(side.ports.begin(), side.ports.end(), is_named) ||
           std::any_of(side.not_ports.begin(), side.not_ports.end(), is_named);
}

OwnSide own_side_of(const Policy& policy, Direction direction) {
    OwnSide out;
    for (const Rule& rule : policy.rules(direction)) {
        const EntityRule& side = local_of(rule, direction);
        out |= {depends_on_address(side), names_ports(side)};
    }
    return out;
}

}  // namespace namegate::policy
