// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/name_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace namegate::daemon {

namespace {

// Events of the folder itself.
constexpr std::uint32_t kSelfEvents = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

}  // namespace

Result<NameWatch> NameWatch::create(std::uint32_t events) {
    Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd.valid()) {
        return sys_error("inotify_init1", errno);
    }
    return NameWatch(std::move(fd), events | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
}

Result<> NameWatch::add(const std::string& folder, const std::string& name) {
    const int watch = ::inotify_add_watch(fd_.get(), folder.c_str(), events_);
    if (watch < 0) {
        const int failure = errno;
        if (failure == ENOENT || failure == ENOTDIR || failure == ELOOP || failure == EACCES) {
            return ok();
        }
        return sys_error("watching " + folder, failure);
    }
    arming_[watch].names.insert(name);
    arming_[watch].folders.insert(folder);
    return ok();
}

void NameWatch::commit() {
    for (const auto& old : watches_) {
        if (arming_.count(old.first) == 0) {
            ::inotify_rm_watch(fd_.get(), old.first);
        }
    }
    watches_ = std::move(arming_);
    arming_.clear();
}

bool NameWatch::concerns(int watch, std::uint32_t mask, const std::string& name) const {
    if ((mask & IN_Q_OVERFLOW) != 0) {
        return true;
    }
    const auto found = watches_.find(watch);
    return found != watches_.end() &&
           ((mask & kSelfEvents) != 0 || found->second.names.count("") > 0 || found->second.names.count(name) > 0);
}

NameWatch::NamedEvent NameWatch::named(int watch, std::uint32_t mask, std::string name) const {
    const auto found = watches_.find(watch);
    // A folder with other names is above a watched one, which the event may concern.
    const bool whole = found != watches_.end() && found->second.names == std::set<std::string>{""} && found->second.folders.size() == 1;
    if (!whole || name.empty() || (mask & (kSelfEvents | IN_Q_OVERFLOW | IN_ISDIR)) != 0) {
        return {mask, {}, {}};
    }
    return {mask, *found->second.folders.begin(), std::move(name)};
}

std::uint32_t NameWatch::drain(const std::function<void(const NamedEvent&)>& visit) {
    std::uint32_t last = 0;
    alignas(inotify_event) std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return last;
        }
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof(event));
            // The kernel pads the name with zeros.
            const std::string name = event.len == 0 ? std::string() : std::string(buffer.data() + at + sizeof(event));
            at += sizeof(event) + event.len;
            if (!concerns(event.wd, event.mask, name)) {
                continue;
            }
            last = event.mask;
            if (visit) {
                visit(named(event.wd, event.mask, name));
            }
        }
    }
}

}  // namespace namegate::daemon
