// SPDX-License-Identifier: Apache-2.0
#include "daemon/directory_watch.h"

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace namegate::daemon {

namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kSelfEvents = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW;

}  // namespace

Result<DirectoryWatch> DirectoryWatch::create(std::vector<std::string> folders) {
    Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd.valid()) {
        return sys_error("inotify_init1", errno);
    }
    DirectoryWatch watch(std::move(fd), std::move(folders));
    NG_TRY(watch.arm());
    return watch;
}

Result<> DirectoryWatch::add(const std::string& path, const std::string& child) {
    const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), kEvents);
    if (watch < 0) {
        const int failure = errno;
        // Not there yet, or no folder: the one above it tells when that changes.
        if (failure == ENOENT || failure == ENOTDIR || failure == ELOOP || failure == EACCES) {
            return ok();
        }
        return sys_error("watching " + path, failure);
    }
    arming_[watch].insert(child);
    return ok();
}

Result<> DirectoryWatch::arm() {
    arming_.clear();
    Result<> result = ok();
    for (const std::string& folder : folders_) {
        // From the root downwards: what appears behind our back is seen by the watch above it.
        for (std::size_t slash = 0; slash != std::string::npos;) {
            const std::size_t next = folder.find('/', slash + 1);
            const std::string parent = slash == 0 ? "/" : folder.substr(0, slash);
            const std::string child = folder.substr(slash + 1, next == std::string::npos ? next : next - slash - 1);
            if (const auto added = add(parent, child); !added) {
                result = added.error();
            }
            slash = next;
        }
        if (const auto added = add(folder, ""); !added) {
            result = added.error();
        }
    }
    for (const auto& old : watches_) {
        if (arming_.count(old.first) == 0) {
            ::inotify_rm_watch(fd_.get(), old.first);
        }
    }
    watches_ = std::move(arming_);
    return result;
}

bool DirectoryWatch::drain() {
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
        std::size_t at = 0;
        while (at + sizeof(inotify_event) <= static_cast<std::size_t>(got)) {
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
            if (watch == watches_.end()) {
                continue;
            }
            concerned = concerned || (event.mask & kSelfEvents) != 0 || watch->second.count("") > 0 || watch->second.count(name) > 0;
        }
    }
}

}  // namespace namegate::daemon
