// SPDX-License-Identifier: Apache-2.0
//
// Garbage collection of compiled policies that no endpoint uses: decides when it runs, and runs it in a child process
// (datapath/policy_collection.h), so that it does not block the daemon. At most one child at a time. If it dies or fails, another
// one is started later. Owns the child. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/upkeep/background_child.h"
#include "datapath/loader.h"

namespace namegate::daemon {

class PolicyCollector {
  public:
    // All outlive the collector.
    PolicyCollector(datapath::Datapath& datapath, const Clock& clock, std::string lock_path)
        : datapath_(datapath), clock_(clock), lock_path_(std::move(lock_path)) {}

    // Some policies may be unused now.
    void note_garbage();
    // The maps are nearly full: starts with the next tick.
    void collect_now() { due_at_ns_ = clock_.boot_ns(); }
    // Starts a child if one is due. Do not hold the node lock: the child would inherit it. Returns the result of a child that has
    // ended since the last tick: true if policies were removed.
    std::optional<Result<bool>> tick();

  private:
    datapath::Datapath& datapath_;
    const Clock& clock_;
    std::string lock_path_;
    BackgroundChild child_;
    std::uint64_t due_at_ns_ = 0;  // 0: there is nothing to collect
    std::uint64_t garbage_since_ns_ = 0;
};

}  // namespace namegate::daemon
