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

constexpr int kClientGone = 1;  // the client closed the connection before it had the whole reply

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

// Runs in the child. It needs the daemon's map descriptors to make the reply. Before writing it closes all descriptors except the
// client's, because otherwise it could keep a socket or a lock open after the daemon's end.
int make_and_write(const ReplyChildren::Task& task, int descriptor) {
    const std::string text = task.make();
    constexpr int kKept = STDERR_FILENO + 1;
    if (descriptor != kKept && ::dup2(descriptor, kKept) < 0) {
        return kClientGone;
    }
    ::close_range(kKept + 1, ~0U, 0);
    return write_all(kKept, text) ? 0 : kClientGone;
}

}  // namespace

Result<std::unique_ptr<ReplyChildren>> ReplyChildren::create(EventLoop& loop, std::uint64_t timeout_us) {
    std::unique_ptr<ReplyChildren> children(new ReplyChildren(loop, timeout_us));
    ReplyChildren* const self = children.get();
    NG_ASSIGN(children->turn_, loop.add_deferred(EventLoop::Priority::kNormal, [self] { self->start_waiting(); }));
    return children;
}

ReplyChildren::~ReplyChildren() {
    for (const auto& child : children_) {
        ::kill(child->pid, SIGKILL);
        wait_for_child(child->pid);
    }
}

void ReplyChildren::add(Task task) {
    waiting_.push_back(std::move(task));
    turn_.set_enabled(true);
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
            log::error("the child process for a reply did not start", {log::kv("error", started.error().message())});
            task.done(false);
        }
    }
}

Result<> ReplyChildren::start(const Task& task, int descriptor) {
    auto child = std::make_unique<Child>();
    child->done = task.done;
    NG_ASSIGN(child->pid, start_child([&] { return make_and_write(task, descriptor); }));
    if (auto watched = watch(*child); !watched) {
        ::kill(child->pid, SIGKILL);
        wait_for_child(child->pid);
        return watched;
    }
    children_.push_back(std::move(child));
    return ok();
}

Result<> ReplyChildren::watch(Child& child) {
    child.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
    if (!child.pidfd.valid()) {
        return sys_error("watching a child process", errno);
    }
    NG_ASSIGN(child.ended, loop_.add_io(child.pidfd.get(), EPOLLIN, [this, &child](std::uint32_t /*events*/) { reap(child); }));
    // A killed child is reaped like any other.
    NG_ASSIGN(child.late, loop_.add_timer(kDefaultAccuracyUs, [pid = child.pid] { ::kill(pid, SIGKILL); }));
    child.late.start_in(timeout_us_);
    return ok();
}

void ReplyChildren::reap(Child& child) {
    int status = 0;
    const pid_t ended = ::waitpid(child.pid, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) {
        return;
    }
    const auto done = std::move(child.done);
    children_.remove_if([&child](const std::unique_ptr<Child>& one) { return one.get() == &child; });
    done(ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    start_waiting();
}

}  // namespace namegate::daemon
