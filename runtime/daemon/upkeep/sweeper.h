// SPDX-License-Identifier: Apache-2.0
//
// Removes expired addresses from the endpoints' maps, a few endpoints a tick so that no tick takes long. Those that learn much come
// before their turn. Owns only what it remembers of them. One thread; the caller holds the node lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

#include "base/clock.h"
#include "base/result.h"
#include "node/node_lock.h"
#include "node/node_runtime.h"

namespace namegate::daemon {

class Sweeper {
  public:
    explicit Sweeper(const Clock& clock) : clock_(clock) {}

    // So many addresses came into the endpoint's map.
    void note_learnt(std::uint32_t endpoint, std::size_t addresses) { learnt_[endpoint] += addresses; }
    void forget(std::uint32_t endpoint) { learnt_.erase(endpoint); }
    // Sweeps those that are due. The last error, if any; the others are swept all the same.
    Result<> sweep(const node::NodeLock& lock, node::NodeRuntime& runtime);

  private:
    std::set<std::uint32_t> due(const node::NodeRuntime& runtime);
    Result<> sweep_one(node::NodeRuntime& runtime, const endpoints::Record& record);

    const Clock& clock_;
    std::uint32_t next_ = 0;                       // endpoint id at which the next sweep starts
    std::map<std::uint32_t, std::size_t> learnt_;  // by endpoint, since its last sweep
};

}  // namespace namegate::daemon
