// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/fd.h"
#include "base/file.h"

namespace namegate {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

std::int64_t nanoseconds(const statx_timestamp& time) { return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec; }

Result<> sync_with(const std::string& path, int flags, int (*sync)(int)) {
    const Fd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW));
    if (!fd.valid() || sync(fd.get()) != 0) {
        return sys_error("sync " + path, errno);
    }
    return ok();
}

class SystemFiles final : public FileSystem {
  public:
    Result<std::string> read(const std::string& path, std::size_t max_bytes) override { return read_file(path, max_bytes); }

    Result<std::vector<std::string>> list(const std::string& folder, std::size_t max_entries) override {
        return list_directory(folder, max_entries);
    }

    Result<FileInfo> info(const std::string& path) override {
        struct statx status {};
        if (::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, &status) != 0) {
            return sys_error("stat " + path, errno);
        }
        FileInfo out;
        out.device = ::makedev(status.stx_dev_major, status.stx_dev_minor);
        out.inode = status.stx_ino;
        out.size = status.stx_size;
        out.modified_ns = nanoseconds(status.stx_mtime);
        out.changed_ns = nanoseconds(status.stx_ctime);
        out.mount_point = (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
        return out;
    }

    bool has_name(const std::string& path) override {
        struct stat status {};
        return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
    }

    Result<> make_folder(const std::string& folder) override { return make_directories(folder, kFolderMode); }

    Result<> write(const std::string& path, std::string_view content) override {
        const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode));
        if (!fd.valid()) {
            return sys_error("create " + path, errno);
        }
        return write_all(fd.get(), content, path);
    }

    Result<> sync(const std::string& path) override { return sync_with(path, O_RDONLY, ::fsync); }
    Result<> sync_all(const std::string& folder) override { return sync_with(folder, O_RDONLY | O_DIRECTORY, ::syncfs); }
    Result<> sync_folder(const std::string& folder) override { return sync_with(folder, O_RDONLY | O_DIRECTORY, ::fsync); }

    Result<> rename(const std::string& from, const std::string& to) override {
        return ::rename(from.c_str(), to.c_str()) == 0 ? ok() : Result<>(sys_error("rename " + from + " to " + to, errno));
    }

    Result<> remove(const std::string& path) override { return remove_file(path); }
};

}  // namespace

FileSystem& system_files() {
    static SystemFiles files;
    return files;
}

}  // namespace namegate
