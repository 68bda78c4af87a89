// SPDX-License-Identifier: Apache-2.0
//
// Long answers without a pause: a child process, a still picture of this one, makes the answer, writes it to the client
// itself, and ends. So many at a time; the others wait their turn. Owns the children: they die with us. A child that takes
// longer than it may is killed, so that a client who never reads holds up nobody. One thread: that of the event loop.
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxReplyChildren = 4;
inline constexpr std::uint64_t kReplyChildUs = 60'000'000;

class ReplyChildren {
  public:
    struct Task {
        // The client's descriptor; negative: it has gone meanwhile. Asked when the task's turn has come.
        std::function<int()> descriptor;
        // In the child: the whole answer, its newline included.
        std::function<std::string()> make;
        // In the parent: was all of it written?
        std::function<void(bool whole)> done;
    };

    // `most_us`: what a child may take from its start to its end, microseconds.
    explicit ReplyChildren(sd_event* loop, std::uint64_t most_us = kReplyChildUs) : loop_(loop), most_us_(most_us) {}
    ~ReplyChildren();
    ReplyChildren(const ReplyChildren&) = delete;
    ReplyChildren& operator=(const ReplyChildren&) = delete;
    ReplyChildren(ReplyChildren&&) = delete;
    ReplyChildren& operator=(ReplyChildren&&) = delete;

    // Never calls back before it returns.
    void add(Task task);

  private:
    struct Child {
        ReplyChildren* owner = nullptr;
        pid_t pid = -1;
        Fd pidfd;
        sd_event_source* ended = nullptr;
        sd_event_source* late = nullptr;
        std::function<void(bool)> done;
    };

    Result<> start(const Task& task, int descriptor);
    void start_waiting();
    void reap(Child& child);
    static void release(Child& child);
    static int on_turn(sd_event_source* source, void* self);
    static int on_end(sd_event_source* source, int fd, std::uint32_t events, void* child);
    static int on_late(sd_event_source* source, std::uint64_t due, void* child);

    sd_event* loop_;
    std::uint64_t most_us_;
    sd_event_source* turn_ = nullptr;
    std::deque<Task> waiting_;
    std::list<std::unique_ptr<Child>> children_;
};

}  // namespace namegate::daemon
