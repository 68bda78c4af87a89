// SPDX-License-Identifier: Apache-2.0
#include "plugin/link_removal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace namegate::plugin {

namespace {

constexpr int kFirstLookMs = 1;
constexpr int kMaxLookMs = 20;  // others may have the kernel's lock for long

// The runtime waits until the plugin's stdout is closed, and others for its locks: nothing of it is kept but the pipe.
[[noreturn]] void remove_alone(std::uint32_t index, int complaint, pid_t plugin) {
    // A plugin that is killed before the removal began is followed by another DEL.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != plugin || ::dup2(complaint, STDIN_FILENO) < 0 ||
        ::close_range(STDIN_FILENO + 1, ~0U, 0) != 0) {
        ::_exit(1);
    }
    auto socket = netlink::Socket::open();
    const Result<> removed = socket ? netlink::delete_link(*socket, index) : Result<>(socket.error());
    if (!removed) {
        const std::string& why = removed.error().message();
        static_cast<void>(::write(STDIN_FILENO, why.data(), why.size()) < 0);
    }
    ::_exit(0);
}

std::string read_complaint(int fd) {
    std::array<char, 1024> text{};
    const ssize_t got = ::read(fd, text.data(), text.size());
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

}  // namespace

Result<LinkRemoval> LinkRemoval::begin(netlink::Socket& socket, const std::optional<netlink::Link>& link) {
    if (!link) {
        return LinkRemoval();
    }
    netlink::Batch down;
    netlink::append_link_down(down, link->index, link->name);
    if (const auto result = socket.run(down); !result && result.error().code() != Code::kNotFound) {
        return result.error();
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return sys_error("making a pipe", errno);
    }
    Fd complaint(ends[0]);
    const Fd writer(ends[1]);
    const pid_t plugin = ::getpid();
    const pid_t remover = ::fork();
    if (remover < 0) {
        return sys_error("starting the removal of " + link->name, errno);
    }
    if (remover == 0) {
        remove_alone(link->index, writer.get(), plugin);
    }
    return LinkRemoval(link->index, remover, std::move(complaint));
}

LinkRemoval::~LinkRemoval() {
    if (remover_ > 0) {
        ::waitpid(remover_, nullptr, WNOHANG);
    }
}

Result<> LinkRemoval::finish() {
    for (int wait_ms = kFirstLookMs; index_ != 0 && netlink::link_exists(index_); wait_ms = std::min(2 * wait_ms, kMaxLookMs)) {
        pollfd ended{complaint_.get(), POLLIN, 0};
        if (::poll(&ended, 1, wait_ms) <= 0) {
            continue;
        }
        const std::string why = read_complaint(complaint_.get());
        if (!why.empty()) {
            return Error(Code::kIo, why);
        }
        if (netlink::link_exists(index_)) {
            return Error(Code::kIo, "who was to remove interface number " + std::to_string(index_) + " ended without having done so");
        }
    }
    return ok();
}

}  // namespace namegate::plugin
