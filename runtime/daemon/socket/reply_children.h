// SPDX-License-Identifier: Apache-2.0
//
// Makes long replies without blocking the event loop: a forked child makes the reply, writes it to the client and exits. At most
// kMaxReplyChildren run at a time; other tasks wait in order. A child that exceeds its time is killed, so a client that does not
// read its reply cannot block others. Owns the children and kills them when it is destroyed. One thread: that of the event loop.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "daemon/loop/event_loop.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxReplyChildren = 4;
inline constexpr std::uint64_t kReplyChildUs = 60'000'000;

class ReplyChildren {
  public:
    struct Task {
        // Returns the client's descriptor, or a negative number if the client has gone. Called just before the child starts.
        std::function<int()> descriptor;
        // Called in the child. Returns the whole reply with its newline.
        std::function<std::string()> make;
        // Called in the parent. `whole`: the child wrote all of the reply.
        std::function<void(bool whole)> done;
    };

    // `timeout_us`: the longest time that a child may run. The loop outlives the children.
    static Result<std::unique_ptr<ReplyChildren>> create(EventLoop& loop, std::uint64_t timeout_us = kReplyChildUs);
    ~ReplyChildren();
    ReplyChildren(const ReplyChildren&) = delete;
    ReplyChildren& operator=(const ReplyChildren&) = delete;
    ReplyChildren(ReplyChildren&&) = delete;
    ReplyChildren& operator=(ReplyChildren&&) = delete;

    // Never calls back before it returns.
    void add(Task task);

  private:
    struct Child {
        pid_t pid = -1;
        Fd pidfd;
        IoSource ended;
        TimerSource late;
        std::function<void(bool)> done;
    };

    ReplyChildren(EventLoop& loop, std::uint64_t timeout_us) : loop_(loop), timeout_us_(timeout_us) {}
    void start_waiting();
    Result<> start(const Task& task, int descriptor);
    Result<> watch(Child& child);
    void reap(Child& child);

    EventLoop& loop_;
    std::uint64_t timeout_us_;
    DeferredSource turn_;  // enabled when a task was added
    std::deque<Task> waiting_;
    std::list<std::unique_ptr<Child>> children_;
};

}  // namespace namegate::daemon
