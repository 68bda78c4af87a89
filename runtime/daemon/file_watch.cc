// SPDX-License-Identifier: Apache-2.0
#include "daemon/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>

namespace namegate::daemon {

namespace {

// Not IN_MODIFY: what is being written is read when the writer closes it.
constexpr std::uint32_t kEvents =
    IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;
constexpr std::uint32_t kSelfEvents = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW;
constexpr int kMaxLinks = 40;  // as the kernel follows

// Where the link leads; empty when it is none.
std::string link_target(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    if (length <= 0) {
        return {};
    }
    std::string to(target.data(), static_cast<std::size_t>(length));
    return to.front() == '/' ? to : path.substr(0, path.rfind('/') + 1) + to;
}

}  // namespace

Result<FileWatch> FileWatch::create(std::string path) {
    Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd.valid()) {
        return sys_error("inotify_init1", errno);
    }
    FileWatch watch(std::move(fd), std::move(path));
    NG_TRY(watch.arm());
    return watch;
}

// Follows links in the folder's own path: the folder that they lead to is the one watched.
Result<> FileWatch::add(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const int watch = ::inotify_add_watch(fd_.get(), folder.c_str(), kEvents);
    if (watch < 0) {
        const int failure = errno;
        if (failure == ENOENT || failure == ENOTDIR || failure == ELOOP || failure == EACCES) {
            return ok();
        }
        return sys_error("watching " + folder, failure);
    }
    arming_[watch].insert(path.substr(slash + 1));
    return ok();
}

Result<> FileWatch::arm() {
    arming_.clear();
    Result<> result = ok();
    std::string path = path_;
    for (int links = 0; links < kMaxLinks && !path.empty(); ++links) {
        // The watch first: a link that changes after it was read is seen.
        if (const auto added = add(path); !added) {
            result = added.error();
        }
        path = link_target(path);
    }
    for (const auto& old : watches_) {
        if (arming_.count(old.first) == 0) {
            ::inotify_rm_watch(fd_.get(), old.first);
        }
    }
    watches_ = std::move(arming_);
    return result;
}

bool FileWatch::drain() {
    bool concerned = false;
    alignas(inotify_event) std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return concerned;
        }
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof(event));
            // The kernel pads the name with zeros.
            const std::string name = event.len == 0 ? std::string() : std::string(buffer.data() + at + sizeof(event));
            at += sizeof(event) + event.len;
            if ((event.mask & IN_Q_OVERFLOW) != 0) {
                concerned = true;
                continue;
            }
            const auto watch = watches_.find(event.wd);
            concerned = concerned || (watch != watches_.end() && ((event.mask & kSelfEvents) != 0 || watch->second.count(name) > 0));
        }
    }
}

}  // namespace namegate::daemon
