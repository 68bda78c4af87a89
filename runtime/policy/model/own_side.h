// SPDX-License-Identifier: Apache-2.0
//
// What rules need to know of the endpoint's own side, which is the source of egress and the destination of ingress. Decides
// on which facts of an endpoint its compiled policy depends. Pure.
#pragma once

#include <vector>

#include "policy/model/resources.h"

namespace namegate::policy {

struct OwnSide {
    bool addresses = false;   // the addresses of the endpoint
    bool port_names = false;  // the port names in its Pod document

    OwnSide& operator|=(const OwnSide& other) {
        addresses = addresses || other.addresses;
        port_names = port_names || other.port_names;
        return *this;
    }
};

// The side of the rule that describes the peer, and the one that describes the endpoint itself.
inline const EntityRule& remote_of(const Rule& rule, Direction direction) {
    return direction == Direction::kEgress ? rule.destination : rule.source;
}
inline const EntityRule& local_of(const Rule& rule, Direction direction) {
    return direction == Direction::kEgress ? rule.source : rule.destination;
}

// Whether the side selects by labels.
bool selects_by_labels(const EntityRule& side);
// Whether the side depends on an address: by a net, or by labels, because a selected set may contain the address.
bool depends_on_address(const EntityRule& side);
// Whether the side has a named port.
bool names_ports(const EntityRule& side);

OwnSide own_side_of(const Policy& policy, Direction direction);

}  // namespace namegate::policy
