// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/fd.h"
#include "base/file.h"
#include "daemon/flow_log/log_disk.h"

namespace namegate::daemon {

namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kFolderMode = 0750;

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}
std::string name_in_folder(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Whoever can write to the folder can make the name point to any file of the node.
Result<> check_folder(int folder, const std::string& path) {
    struct stat status {};
    if (::fstat(folder, &status) != 0) {
        return sys_error("stat " + path, errno);
    }
    const bool is_owner = status.st_uid == 0 || status.st_uid == ::geteuid();
    const bool group_is_root = status.st_gid == 0;
    if (!is_owner || (status.st_mode & S_IWOTH) != 0 || ((status.st_mode & S_IWGRP) != 0 && !group_is_root)) {
        return Error(Code::kInvalidInput, "others than root can write to the folder " + path + "; use a folder of its own");
    }
    return ok();
}

class SystemLogFile final : public LogFile {
  public:
    SystemLogFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Result<> read_state() {
        struct statx status {};
        if (::statx(fd_.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status) != 0) {
            return sys_error("stat " + path_, errno);
        }
        if (!S_ISREG(status.stx_mode)) {
            return Error(Code::kInvalidInput, path_ + " is not a regular file");
        }
        state_.identity = {::makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino};
        state_.size = status.stx_size;
        state_.created = (status.stx_mask & STATX_BTIME) != 0 ? status.stx_btime.tv_sec : status.stx_mtime.tv_sec;
        char last = '\n';
        if (state_.size > 0 && ::pread(fd_.get(), &last, 1, static_cast<off_t>(state_.size - 1)) < 0) {
            return sys_error("read " + path_, errno);
        }
        state_.cut = last != '\n';
        return ok();
    }
    const State& state() const override { return state_; }
    Result<std::size_t> write(std::string_view content) override {
        for (;;) {
            const ssize_t written = ::write(fd_.get(), content.data(), content.size());
            if (written > 0) {
                return static_cast<std::size_t>(written);
            }
            if (written == 0 || errno != EINTR) {
                return sys_error("write " + path_, written == 0 ? ENOSPC : errno);
            }
        }
    }

  private:
    Fd fd_;
    std::string path_;
    State state_;
};

class SystemLogDisk final : public LogDisk {
  public:
    Result<std::unique_ptr<LogFile>> open(const std::string& path) override {
        const std::string folder_path = folder_of(path);
        NG_TRY(make_directories(folder_path, kFolderMode));
        const Fd folder(::open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder.valid()) {
            return sys_error("open " + folder_path, errno);
        }
        NG_TRY(check_folder(folder.get(), folder_path));
        NG_ASSIGN(Fd fd, open_in(folder.get(), path));
        auto file = std::make_unique<SystemLogFile>(std::move(fd), path);
        NG_TRY(file->read_state());
        return std::unique_ptr<LogFile>(std::move(file));
    }

    Result<FileIdentity> identity(const std::string& path) override {
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0) {
            return sys_error("stat " + path, errno);
        }
        return FileIdentity{status.st_dev, status.st_ino};
    }

    Result<> rename(const std::string& from, const std::string& to) override {
        const bool renamed = ::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT;
        return renamed ? ok() : Result<>(sys_error("rename " + from + " to " + to, errno));
    }

    Result<> remove(const std::string& path) override { return remove_file(path); }

  private:
    // O_NONBLOCK: the open of a FIFO must not wait.
    static Result<Fd> open_in(int folder, const std::string& path) {
        constexpr int kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        const std::string name = name_in_folder(path);
        Fd fd(::openat(folder, name.c_str(), kFlags | O_CREAT | O_EXCL, kFileMode));
        if (fd.valid()) {
            // Whatever the umask is.
            return ::fchmod(fd.get(), kFileMode) == 0 ? Result<Fd>(std::move(fd)) : sys_error("chmod " + path, errno);
        }
        if (errno == EEXIST) {
            fd.reset(::openat(folder, name.c_str(), kFlags));
        }
        if (!fd.valid()) {
            return errno == ELOOP ? Error(Code::kInvalidInput, path + " is a symbolic link") : sys_error("open " + path, errno);
        }
        return fd;
    }
};

}  // namespace

LogDisk& system_log_disk() {
    static SystemLogDisk disk;
    return disk;
}

}  // namespace namegate::daemon
