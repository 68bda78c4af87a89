// SPDX-License-Identifier: Apache-2.0
//
// The configuration of an endpoint. A new one is written beside the active one, then flipped. A policy that stays keeps its
// counters. Node lock held. After a failure the old configuration is still in force.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/counter_room.h"
#include "datapath/loader.h"
#include "datapath/policy_writer.h"
#include "policy/model/dns_queries.h"

namespace namegate::datapath {

struct EndpointIdentity {
    std::uint32_t endpoint = 0;
    std::uint32_t slot = 0;
    std::vector<IpAddress> addresses;   // at most NG_MAX_ENDPOINT_ADDRS
    std::array<std::uint8_t, 6> mac{};  // all zeros: not checked
    bool routed = false;                // the node routes its packets: frames to another hardware address are dropped
};

struct EndpointPolicies {
    PolicyId egress = 0;  // 0: no policy selects it in this direction
    PolicyId ingress = 0;
    bool reject = false;      // denied packets are also answered
    bool keep_flows = false;  // flows that a changed policy denies are not cut
    policy::DnsQueries dns = policy::DnsQueries::kAny;
    std::vector<IpAddress> dns_servers{};  // trusted only for this endpoint, at most NG_POD_SERVERS
};

// Closes the endpoint: only ARP and neighbour discovery pass. Always written first, because the addresses may not be known
// yet.
Result<> write_closed(Datapath& datapath, const EndpointIdentity& identity);
// The endpoint stays closed, but gets everything that write_policies() needs for these policies except the addresses.
Result<> write_prepared(Datapath& datapath, const EndpointIdentity& identity, const EndpointPolicies& policies, CounterRoom& counters);
// Enforces these policies (both 0: open). If nothing changed, there is no flip and no new generation.
Result<> write_policies(Datapath& datapath, const EndpointIdentity& identity, const EndpointPolicies& policies, CounterRoom& counters);
// From bind_interface() to unbind_interface() the packets of the interface belong to the endpoint.
Result<> bind_interface(Datapath& datapath, std::uint32_t ifindex, const EndpointIdentity& identity);
Result<> unbind_interface(Datapath& datapath, std::uint32_t ifindex);

Result<std::optional<ng_endpoint_config>> active_config(Datapath& datapath, std::uint32_t slot);
// The policies to which endpoints in use refer.
Result<std::set<PolicyId>> policies_in_use(Datapath& datapath);

}  // namespace namegate::datapath
