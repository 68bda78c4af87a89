// SPDX-License-Identifier: Apache-2.0
//
// The slow path as one part of the daemon: the readers of both rings, what is learnt from their events and frames, and the event
// sources that start a round of work. A round starts when a ring has something, when its owner calls work(), and, after a
// round that left something, as soon as the loop has nothing else to do. Owns all of it. One thread: that of the event loop.
#pragma once

#include <memory>

#include "base/result.h"
#include "daemon/dns/held_answers.h"
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
    // One round of work.
    void work();
    // Call it every second.
    void tick() { held_->tick(); }
    // Nothing is held from now on; all that waits is done.
    void finish() { work_->finish(); }

  private:
    SlowPath() = default;

    std::unique_ptr<Learner> learner_;
    std::unique_ptr<HeldAnswers> held_;
    std::unique_ptr<PodWork> work_;
    IoSource events_;
    IoSource frames_;
    DeferredSource rest_;  // on while work waits that a round left
};

}  // namespace namegate::daemon
