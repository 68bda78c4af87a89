// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/slow_path.h"

#include <sys/epoll.h>

#include <cstdint>

namespace namegate::daemon {

Result<std::unique_ptr<SlowPath>> SlowPath::create(EventLoop& loop, Node& node) {
    std::unique_ptr<SlowPath> path(new SlowPath());
    SlowPath* const self = path.get();
    const auto work = [self](std::uint32_t /*events*/) { self->work(); };
    NG_ASSIGN(path->learner_, Learner::create(node));
    NG_ASSIGN(path->events_, loop.add_io(path->learner_->fd(), EPOLLIN, work));
    NG_ASSIGN(path->held_, HeldResponses::create(node, *path->learner_));
    NG_ASSIGN(path->frames_, loop.add_io(path->held_->fd(), EPOLLIN, work));
    path->work_ = std::make_unique<PodWork>(node, *path->learner_, *path->held_);
    // Idle: at normal priority, a deferred source that is enabled again keeps its place in the queue, so it would run repeatedly
    // before all other sources.
    NG_ASSIGN(path->rest_, loop.add_deferred(EventLoop::Priority::kIdle, [self] { self->work(); }));
    return path;
}

void SlowPath::work() { rest_.set_enabled(work_->round()); }

}  // namespace namegate::daemon
