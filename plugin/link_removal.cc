// SPDX-License-Identifier: Apache-2.0
#include "plugin/link_removal.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/child_process.h"

namespace namegate::plugin {

namespace {

constexpr int kFirstPollMs = 1;
constexpr int kMaxPollMs = 20;  // other processes may hold the RTNL lock for long

// The runtime waits until the plugin's stdout is closed, and other processes wait for its locks, so the child keeps only
// the pipe open. If the plugin is killed before the removal began, another DEL follows.
int remove_alone(std::uint32_t index, int error_pipe) {
    if (::dup2(error_pipe, STDIN_FILENO) < 0 || ::close_range(STDIN_FILENO + 1, ~0U, 0) != 0) {
        return 1;
    }
    auto socket = netlink::Socket::open();
    const Result<> removed = socket ? netlink::delete_link(*socket, index) : Result<>(socket.error());
    if (!removed) {
        const std::string& why = removed.error().message();
        static_cast<void>(::write(STDIN_FILENO, why.data(), why.size()) < 0);
    }
    return 0;
}

std::string read_error(int fd) {
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
    NG_ASSIGN(Pipe error_pipe, make_pipe());
    const auto work = [&] { return remove_alone(link->index, error_pipe.writer.get()); };
    NG_ASSIGN(const pid_t remover, start_child(work).with_context("the removal of " + link->name));
    return LinkRemoval(link->index, remover, std::move(error_pipe.reader));
}

LinkRemoval::~LinkRemoval() {
    if (remover_ > 0) {
        ::waitpid(remover_, nullptr, WNOHANG);
    }
}

Result<> LinkRemoval::finish() {
    for (int wait_ms = kFirstPollMs; index_ != 0 && netlink::link_exists(index_); wait_ms = std::min(2 * wait_ms, kMaxPollMs)) {
        pollfd ended{error_pipe_.get(), POLLIN, 0};
        if (::poll(&ended, 1, wait_ms) <= 0) {
            continue;
        }
        const std::string why = read_error(error_pipe_.get());
        if (!why.empty()) {
            return Error(Code::kIo, why);
        }
        if (netlink::link_exists(index_)) {
            return Error(Code::kIo, "the process that removes interface number " + std::to_string(index_) + " ended without removing it");
        }
    }
    return ok();
}

}  // namespace namegate::plugin
