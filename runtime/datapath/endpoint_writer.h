// SPDX-License-Identifier: Apache-2.0
//
// The configuration of an endpoint. A new one is written beside the active one, then flipped. The counters of rules come
// from one shared table; a policy that stays keeps its counters. Node lock held. After a failure the old configuration is
// still in force.
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
    std::array<std::uint8_t, 6> mac{};  // all zeros: not checked
    bool routed = false;                // the node routes its packets: frames to another hardware address are dropped
};

struct EndpointPolicies {
    PolicyId egress = 0;  // 0: no policy selects it in this direction
    PolicyId ingress = 0;
    bool reject = false;                   // denied packets are also answered
    bool keep_flows = false;               // flows that a changed policy denies are not cut
    std::vector<IpAddress> dns_servers{};  // trusted only for this endpoint, at most NG_POD_SERVERS
};

// Finds free counters for rules. The table in use is scanned once for several configurations. Must not outlive the node
// lock.
class CounterRoom {
  public:
    explicit CounterRoom(Datapath& datapath) : datapath_(datapath) {}
    // To be called when the counters taken so far are either in a configuration or no longer needed.
    void next_endpoint() { taken_.clear(); }
    // Returns the base of `size` zeroed counters, or nullopt when the table is full.
    Result<std::optional<std::uint32_t>> take(std::uint32_t size);

  private:
    Result<> scan();

    Datapath& datapath_;
    bool scanned_ = false;
    Extents used_;               // counters freed since scan() still count as used
    std::vector<Extent> taken_;  // for the endpoint at hand
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
