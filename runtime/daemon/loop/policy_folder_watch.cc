// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/policy_folder_watch.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kMs = 1000;
// When the folders are read after an event, unless another one follows.
constexpr std::uint64_t kDoneUs = 2 * kMs;        // a file was closed, renamed or removed
constexpr std::uint64_t kQuietUs = 10 * kMs;      // a file may be only half written
constexpr std::uint64_t kMaxDelayUs = 500 * kMs;  // after the first event, whatever follows
constexpr std::uint64_t kQuietAccuracyUs = kMs / 2;

}  // namespace

Result<std::unique_ptr<PolicyFolderWatch>> PolicyFolderWatch::create(EventLoop& loop, std::vector<std::string> folders,
                                                                     bool (*is_file)(std::string_view name),
                                                                     std::function<void(const policy::ChangedFiles&)> read) {
    NG_ASSIGN(DirectoryWatch watched, DirectoryWatch::create(std::move(folders), is_file));
    std::unique_ptr<PolicyFolderWatch> watch(new PolicyFolderWatch(loop, std::move(watched)));
    NG_TRY(watch->add_sources(std::move(read)));
    return watch;
}

Result<> PolicyFolderWatch::add_sources(std::function<void(const policy::ChangedFiles&)> read) {
    NG_ASSIGN(events_, loop_.add_io(folders_.fd(), EPOLLIN, [this](std::uint32_t /*events*/) { handle_events(); }));
    NG_ASSIGN(quiet_, loop_.add_timer(kQuietAccuracyUs, [this, read = std::move(read)] { read(policy::ChangedFiles(unread_)); }));
    changed_since_us_ = 1;
    quiet_.start_in(0);
    return ok();
}

void PolicyFolderWatch::handle_events() {
    const auto seen = folders_.drain(unread_);
    if (seen == DirectoryWatch::Seen::kNothing) {
        return;
    }
    const std::uint64_t now = loop_.now_us();
    if (changed_since_us_ == 0) {
        changed_since_us_ = now;
    }
    const std::uint64_t quiet_us = seen == DirectoryWatch::Seen::kDone ? kDoneUs : kQuietUs;
    quiet_.start_at(std::min(now + quiet_us, changed_since_us_ + kMaxDelayUs));
}

Result<> PolicyFolderWatch::begin_reading() {
    changed_since_us_ = 0;
    unread_ = {};
    return folders_.arm();
}

}  // namespace namegate::daemon
