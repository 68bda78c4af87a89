// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstddef>

namespace namegate::daemon {

namespace {

// Without IN_MODIFY: a file that is being written is read when the writer closes it.
constexpr std::uint32_t kFileEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
constexpr int kMaxLinks = 40;  // the kernel's limit (path_resolution(7))

// The target of a link; empty if the path is not a link.
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

Result<FileWatch> FileWatch::create(std::vector<std::string> paths) {
    NG_ASSIGN(NameWatch names, NameWatch::create(kFileEvents));
    FileWatch watch(std::move(names), std::move(paths));
    NG_TRY(watch.arm());
    return watch;
}

Result<> FileWatch::arm() {
    names_.begin();
    Result<> result = ok();
    for (const std::string& path : paths_) {
        const Result<> armed = arm_one(path);
        result = armed ? result : armed;
    }
    names_.commit();
    return result;
}

Result<> FileWatch::arm_one(std::string path) {
    Result<> result = ok();
    for (int links = 0; links < kMaxLinks && !path.empty(); ++links) {
        // inotify follows links in the path of the folder and watches the target folder.
        const std::size_t slash = path.rfind('/');
        const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
        // Add the watch before reading the link, so that a change after reading is detected.
        if (const auto added = names_.add(folder, path.substr(slash + 1)); !added) {
            result = added.error();
        }
        path = link_target(path);
    }
    return result;
}

}  // namespace namegate::daemon
