// SPDX-License-Identifier: Apache-2.0
//
// What applies to an endpoint: its configuration is written beside the active one, then flipped. Counters of
// rules are taken from one table; those of a policy that stays are kept. Node lock held. After a failure the old
// configuration is still in force.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/extents.h"
#include "datapath/loader.h"
#include "datapath/policy_writer.h"

namespace namegate::datapath {

struct EndpointIdentity {
    std::uint32_t endpoint = 0;
    std::uint32_t slot = 0;
    std::vector<IpAddress> addresses;   // at most NG_MAX_ENDPOINT_ADDRS
    std::array<std::uint8_t, 6> mac{};  // all zero: not checked
    bool routed = false;                // the node routes for it: its frames to another hardware address go nowhere
};

struct EndpointPolicies {
    PolicyId egress = 0;  // 0: no policy selects it in this direction
    PolicyId ingress = 0;
    bool reject = false;                   // denied packets are answered, not only dropped
    bool keep_flows = false;               // flows that a changed policy denies go on
    std::vector<IpAddress> dns_servers{};  // trusted for this endpoint alone, at most NG_POD_SERVERS
};

// Rules' counters that are free, for who writes several configurations: they are looked for once. Lives no longer than the
// node lock is held.
class CounterRoom {
  public:
    explicit CounterRoom(Datapath& datapath) : datapath_(datapath) {}
    // What was taken before is written into a configuration, or not wanted any more.
    void next_endpoint() { taken_.clear(); }
    // Zeroed; nothing when the table is full.
    Result<std::optional<std::uint32_t>> take(std::uint32_t size);

  private:
    Result<> look();

    Datapath& datapath_;
    bool looked_ = false;
    Extents used_;               // what configurations gave back since look() is still among them
    std::vector<Extent> taken_;  // for this endpoint
};

// Only ARP and neighbour discovery pass. The first thing written for an endpoint, whose addresses may not be known yet.
Result<> write_closed(Datapath& datapath, const EndpointIdentity& identity);
// Closed as before, with what write_policies() will want of these policies: then only the addresses are missing.
Result<> write_prepared(Datapath& datapath, const EndpointIdentity& identity, const EndpointPolicies& policies, CounterRoom& counters);
// Enforces these policies (both 0: open). No flip, and no new generation, when nothing changed.
Result<> write_policies(Datapath& datapath, const EndpointIdentity& identity, const EndpointPolicies& policies, CounterRoom& counters);
// The interface's packets belong to the endpoint from now on, and no more.
Result<> bind_interface(Datapath& datapath, std::uint32_t ifindex, const EndpointIdentity& identity);
Result<> unbind_interface(Datapath& datapath, std::uint32_t ifindex);

Result<std::optional<ng_endpoint_config>> active_config(Datapath& datapath, std::uint32_t slot);
// Policies that endpoints in use refer to.
Result<std::set<PolicyId>> policies_in_use(Datapath& datapath);

}  // namespace namegate::datapath
