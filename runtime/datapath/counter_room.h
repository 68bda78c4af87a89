// SPDX-License-Identifier: Apache-2.0
//
// Free counters for rules, from the one table that all endpoints share.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "datapath/extents.h"
#include "datapath/loader.h"

namespace namegate::datapath {

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

}  // namespace namegate::datapath
