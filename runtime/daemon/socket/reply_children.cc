// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/reply_children.h"

#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/child_process.h"
#include "base/log.h"

namespace namegate::daemon {

namespace {

constexpr int kAway = 1;  // the client went before it had all

bool write_all(int descriptor, const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t got = ::send(descriptor, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (got > 0) {
            sent += static_cast<std::size_t>(got);
        } else if (errno == EAGAIN) {
            pollfd room{descriptor, POLLOUT, 0};
            ::poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

// In the child. While it makes the answer it reads maps through the daemon's descriptors; while it writes it holds the
// client's alone, so that a socket or a lock of the daemon's ends with the daemon.
int answer(const ReplyChildren::Task& task, int descriptor) {
    const std::string text = task.make();
    constexpr int kKept = STDERR_FILENO + 1;
    if (descriptor != kKept && ::dup2(descriptor, kKept) < 0) {
        return kAway;
    }
    ::close_range(kKept + 1, ~0U, 0);
    return write_all(kKept, text) ? 0 : kAway;
}

}  // namespace

ReplyChildren::~ReplyChildren() {
    sd_event_source_disable_unref(turn_);
    for (const auto& child : children_) {
        ::kill(child->pid, SIGKILL);
        wait_for_child(child->pid);
        release(*child);
    }
}

void ReplyChildren::add(Task task) {
    waiting_.push_back(std::move(task));
    if (turn_ == nullptr && sd_event_add_defer(loop_, &turn_, &ReplyChildren::on_turn, this) < 0) {
        log::error("answers of child processes cannot be begun", {});
        return;
    }
    sd_event_source_set_enabled(turn_, SD_EVENT_ONESHOT);
}

int ReplyChildren::on_turn(sd_event_source* /*source*/, void* self) {
    static_cast<ReplyChildren*>(self)->start_waiting();
    return 0;
}

void ReplyChildren::start_waiting() {
    while (!waiting_.empty() && children_.size() < kMaxReplyChildren) {
        const Task task = std::move(waiting_.front());
        waiting_.pop_front();
        const int descriptor = task.descriptor();
        if (descriptor < 0) {
            continue;
        }
        if (const auto started = start(task, descriptor); !started) {
            log::error("an answer was not begun", {log::kv("error", started.error().message())});
            task.done(false);
        }
    }
}

Result<> ReplyChildren::start(const Task& task, int descriptor) {
    auto child = std::make_unique<Child>();
    child->owner = this;
    child->done = task.done;
    NG_ASSIGN(child->pid, start_child([&] { return answer(task, descriptor); }));
    child->pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, child->pid, 0)));
    const int failure = errno;
    if (!child->pidfd.valid() ||
        sd_event_add_io(loop_, &child->ended, child->pidfd.get(), EPOLLIN, &ReplyChildren::on_end, child.get()) < 0 ||
        sd_event_add_time_relative(loop_, &child->late, CLOCK_MONOTONIC, most_us_, 0, &ReplyChildren::on_late, child.get()) < 0) {
        ::kill(child->pid, SIGKILL);
        wait_for_child(child->pid);
        release(*child);
        return sys_error("watching a child process", failure);
    }
    children_.push_back(std::move(child));
    return ok();
}

void ReplyChildren::release(Child& child) {
    sd_event_source_disable_unref(child.ended);
    sd_event_source_disable_unref(child.late);
}

int ReplyChildren::on_end(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* child) {
    auto* self = static_cast<Child*>(child);
    self->owner->reap(*self);
    return 0;
}

// Its end is told as every other's.
int ReplyChildren::on_late(sd_event_source* /*source*/, std::uint64_t /*due*/, void* child) {
    ::kill(static_cast<Child*>(child)->pid, SIGKILL);
    return 0;
}

void ReplyChildren::reap(Child& child) {
    int status = 0;
    const pid_t ended = ::waitpid(child.pid, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) {
        return;
    }
    release(child);
    const auto done = std::move(child.done);
    children_.remove_if([&child](const std::unique_ptr<Child>& one) { return one.get() == &child; });
    done(ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    start_waiting();
}

}  // namespace namegate::daemon
