// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>

namespace namegate {
namespace {

constexpr std::uint64_t kLockPollMs = 2;
constexpr std::uint64_t kLockPollPart = 32;  // each pause is this fraction of the time waited so far

void sleep_ms(unsigned milliseconds) {
    const timespec pause{static_cast<time_t>(milliseconds / 1000), static_cast<long>(milliseconds % 1000) * 1'000'000L};
    ::nanosleep(&pause, nullptr);
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
    // O_NONBLOCK: opening a FIFO in a watched folder must not block.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.valid()) {
        return sys_error("open " + path, errno);
    }
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) {
        return sys_error("stat " + path, errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return Error(Code::kInvalidInput, path + " is not a regular file");
    }
    std::string content;
    char buffer[16384];
    while (true) {
        const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return sys_error("read " + path, errno);
        }
        if (got == 0) {
            return content;
        }
        if (content.size() + static_cast<std::size_t>(got) > max_bytes) {
            return Error(Code::kExhausted, path + " is larger than " + std::to_string(max_bytes) + " bytes");
        }
        content.append(buffer, static_cast<std::size_t>(got));
    }
}

Result<> write_all(int fd, std::string_view content, const std::string& name) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return sys_error("write " + name, errno);
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return ok();
}

Result<> write_file_atomically(const std::string& path, std::string_view content, mode_t mode) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    const std::string temporary = folder + "/." + name + "." + std::to_string(::getpid()) + ".tmp";
    {
        const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
        if (!fd.valid()) {
            return sys_error("create " + temporary, errno);
        }
        auto written = write_all(fd.get(), content, temporary);
        if (written && ::fsync(fd.get()) != 0) {
            written = sys_error("sync " + temporary, errno);
        }
        if (!written) {
            ::unlink(temporary.c_str());
            return written;
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const int failed = errno;
        ::unlink(temporary.c_str());
        return sys_error("rename " + temporary + " to " + path, failed);
    }
    return ok();
}

Result<> make_directories(const std::string& path, mode_t mode) {
    for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
        const std::string part = path.substr(0, at);
        if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
            return sys_error("make folder " + part, errno);
        }
        if (at == std::string::npos) {
            return ok();
        }
    }
}

Result<> remove_file(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return sys_error("remove " + path, errno);
    }
    return ok();
}

Result<std::vector<std::string>> list_directory(const std::string& path, std::size_t max_entries) {
    const UniqueC<DIR, ::closedir> folder(::opendir(path.c_str()));
    if (!folder) {
        return sys_error("open folder " + path, errno);
    }
    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(folder.get());  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
        if (entry == nullptr && errno != 0) {
            return sys_error("read folder " + path, errno);
        }
        if (entry == nullptr) {
            break;
        }
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") {
            continue;
        }
        if (names.size() == max_entries) {
            return Error(Code::kExhausted, path + " holds more than " + std::to_string(max_entries) + " entries");
        }
        names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

Result<FileLock> FileLock::acquire(const std::string& path, unsigned timeout_ms) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) {
        return sys_error("open lock " + path, errno);
    }
    const auto start = std::chrono::steady_clock::now();
    for (;;) {
        if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
            return FileLock(std::move(fd));
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return sys_error("lock " + path, errno);
        }
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
        const auto waited = static_cast<std::uint64_t>(since.count());
        if (waited >= timeout_ms) {
            return Error(Code::kTryAgain, "lock " + path + " is still held after " + std::to_string(timeout_ms) + " ms");
        }
        // Poll less often the longer this waits: many waiting processes must not use the CPU time of the lock's holder.
        sleep_ms(static_cast<unsigned>(std::clamp<std::uint64_t>(waited / kLockPollPart, kLockPollMs, kMaxLockPollMs)));
    }
}

}  // namespace namegate
