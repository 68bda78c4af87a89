// SPDX-License-Identifier: Apache-2.0
//
// What applies to an endpoint: its configuration is written beside the active one, then flipped. Counters of
// rules are taken from one table; those of a policy that stays are kept. No state of its own. Node lock
// held. After a failure the old configuration is still in force.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/loader.h"
#include "datapath/policy_writer.h"

namespace namegate::datapath {

struct EndpointIdentity {
    std::uint32_t endpoint = 0;
    std::uint32_t slot = 0;
    std::vector<IpAddress> addresses;   // at most NG_MAX_ENDPOINT_ADDRS
    std::array<std::uint8_t, 6> mac{};  // all zero: not checked
};

struct EndpointPolicies {
    PolicyId egress = 0;  // 0: no policy selects it in this direction
    PolicyId ingress = 0;
    bool reject = false;      // denied packets are answered, not only dropped
    bool keep_flows = false;  // flows that a changed policy denies go on
};

// Only ARP and neighbour discovery pass. The first thing written for an endpoint, whose addresses may not be known yet.
Result<> write_closed(Datapath& datapath, const EndpointIdentity& identity);
// Enforces these policies (both 0: open). No flip, and no new generation, when nothing changed.
Result<> write_policies(Datapath& datapath, const EndpointIdentity& identity, const EndpointPolicies& policies);
// The interface's packets belong to the endpoint from now on, and no more.
Result<> bind_interface(Datapath& datapath, std::uint32_t ifindex, const EndpointIdentity& identity);
Result<> unbind_interface(Datapath& datapath, std::uint32_t ifindex);

Result<std::optional<ng_endpoint_config>> active_config(Datapath& datapath, std::uint32_t slot);
// Policies that endpoints in use refer to.
Result<std::set<PolicyId>> policies_in_use(Datapath& datapath);

}  // namespace namegate::datapath
