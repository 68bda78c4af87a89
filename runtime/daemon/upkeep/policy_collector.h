// SPDX-License-Identifier: Apache-2.0
//
// When compiled policies that nobody uses go, and that their going keeps nobody waiting: a child process looks through the
// maps (datapath/policy_collection.h). At most one at a time; one that dies, or fails, is followed by another. One thread.
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

    // Perhaps some are unused now.
    void note_garbage();
    // Room is short.
    void collect_now() { due_at_ns_ = clock_.boot_ns(); }
    // Starts a child when one is due. The node lock is not held: the child would have it too. When there is news: has room
    // become free?
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
