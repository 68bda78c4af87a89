// SPDX-License-Identifier: Apache-2.0
//
// The slow path as one part of the daemon: the readers of both rings, the learning from their events and frames, and the event
// sources that start a round of work. A round starts when a ring has data, when the owner calls work(), and, if the last round
// left work, as soon as the event loop is idle. Owns all of it. One thread: that of the event loop.
#pragma once

#include <memory>

#include "base/result.h"
#include "daemon/dns/held_responses.h"
#include "daemon/dns/learner.h"
#include "daemon/dns/pod_work.h"
#include "daemon/loop/event_loop.h"
#include "daemon/node.h"

namespace namegate::daemon {

class SlowPath {
  public:
    // Both outlive the slow path.
    static Result<std::unique_ptr<SlowPath>> create(EventLoop& loop, Node& node);
    ~SlowPath() = default;
    SlowPath(const SlowPath&) = delete;
    SlowPath& operator=(const SlowPath&) = delete;
    SlowPath(SlowPath&&) = delete;
    SlowPath& operator=(SlowPath&&) = delete;

    Learner& learner() { return *learner_; }
    // Runs one round of work.
    void work();
    // Call it every second.
    void tick() { held_->tick(); }
    // Makes the programs hold no further frames, and processes all that is waiting.
    void finish() { work_->finish(); }

  private:
    SlowPath() = default;

    std::unique_ptr<Learner> learner_;
    std::unique_ptr<HeldResponses> held_;
    std::unique_ptr<PodWork> work_;
    IoSource events_;
    IoSource frames_;
    DeferredSource rest_;  // enabled while the last round left work
};

}  // namespace namegate::daemon
