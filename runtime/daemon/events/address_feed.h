// SPDX-License-Identifier: Apache-2.0
//
// Makes the events of addresses that names open for endpoints, and that expire, while a sink wants them: looks at the endpoints' maps
// once a second and compares them with what was there before, so it does not matter whether the programs or the daemon opened an
// address. What is open at its first look makes no event. Limits the time of a look and the addresses that it remembers. Owns what it
// remembers; node and pipeline outlive it. One thread: that of the event loop. An error is reported as degraded health.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "base/ip.h"
#include "base/result.h"
#include "daemon/events/event_pipeline.h"
#include "daemon/node.h"

namespace namegate::daemon {

inline constexpr std::size_t kFollowedAddresses = 131'072;   // of all endpoints; an endpoint over it makes no events
inline constexpr std::uint64_t kAddressLookNs = 10'000'000;  // of one tick; its last endpoint may exceed it

class AddressFeed {
  public:
    AddressFeed(Node& node, EventPipeline& pipeline, std::size_t limit = kFollowedAddresses)
        : node_(node), pipeline_(pipeline), limit_(limit) {}

    // Looks at endpoints that were not looked at for longest. Call it every second.
    void tick();

  private:
    // Address and tick at which it expires.
    using Open = std::map<IpAddress, std::uint32_t>;

    Result<> look_at(const endpoints::Record& record);
    void compare(const endpoints::Record& record, const Open& before, const Open& now);
    void report(EventKind kind, const endpoints::Record& record, const IpAddress& address, std::uint32_t expiry);

    Node& node_;
    EventPipeline& pipeline_;
    std::size_t limit_;
    std::map<std::uint32_t, Open> known_;  // by endpoint
    std::size_t addresses_ = 0;            // in known_
    std::uint32_t next_ = 0;               // the endpoint ids from here on are next
};

}  // namespace namegate::daemon
