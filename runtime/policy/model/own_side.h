// SPDX-License-Identifier: Apache-2.0
//
// What rules look at on the endpoint's own side: the source of egress, the destination of ingress. Decides which facts of an
// endpoint its compiled policy depends on. Pure.
#pragma once

#include <vector>

#include "policy/model/resources.h"

namespace namegate::policy {

struct OwnSide {
    bool addresses = false;   // which addresses the endpoint has
    bool port_names = false;  // what its Pod document calls its ports

    OwnSide& operator|=(const OwnSide& other) {
        addresses = addresses || other.addresses;
        port_names = port_names || other.port_names;
        return *this;
    }
};

// The other side of the wire, and the endpoint's own side.
inline const EntityRule& remote_of(const Rule& rule, Direction direction) {
    return direction == Direction::kEgress ? rule.destination : rule.source;
}
inline const EntityRule& local_of(const Rule& rule, Direction direction) {
    return direction == Direction::kEgress ? rule.source : rule.destination;
}

// Does it select by labels?
bool selects_by_labels(const EntityRule& side);
// Does it depend on an address? By a net, and by labels too: a set that they select may hold the address.
bool looks_at_address(const EntityRule& side);
// Does it have a port that is a name?
bool names_ports(const EntityRule& side);

OwnSide own_side_of(const Policy& policy, Direction direction);

}  // namespace namegate::policy
