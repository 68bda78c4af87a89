// SPDX-License-Identifier: Apache-2.0
//
// Removes expired addresses from the endpoints' maps, a few endpoints in each tick and for a limited time, to keep the tick short.
// Endpoints that learn many addresses are swept early. Owns only the counts of learned addresses. One thread; the caller holds the node
// lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "node/node_lock.h"
#include "node/node_runtime.h"

namespace namegate::daemon {

class Sweeper {
  public:
    explicit Sweeper(const Clock& clock) : clock_(clock) {}

    // This number of addresses was added to the endpoint's map.
    void note_learnt(std::uint32_t endpoint, std::size_t addresses) { learnt_[endpoint] += addresses; }
    void forget(std::uint32_t endpoint) { learnt_.erase(endpoint); }
    // Sweeps the endpoints that are due. An error does not stop the sweep; the last one is returned.
    Result<> sweep(const node::NodeLock& lock, node::NodeRuntime& runtime);

  private:
    std::vector<std::uint32_t> busy(const node::NodeRuntime& runtime) const;
    Result<> sweep_one(node::NodeRuntime& runtime, const endpoints::Record& record);

    const Clock& clock_;
    std::uint32_t next_ = 0;                       // the endpoint ids from here on are next
    std::uint32_t next_busy_ = 0;                  // likewise, of those that learned many addresses
    std::map<std::uint32_t, std::size_t> learnt_;  // addresses learned since the last sweep, by endpoint
};

}  // namespace namegate::daemon
