// SPDX-License-Identifier: Apache-2.0
//
// What a log file needs of the file system, so that a test can make it full or slow. Functions block on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::daemon {

// A file, whatever its name.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    bool operator==(const FileIdentity&) const = default;
};

// An open file that is only appended to. The destructor closes it.
class LogFile {
  public:
    struct State {
        FileIdentity identity;
        std::uint64_t size = 0;
        std::int64_t created = 0;  // seconds since the epoch
        bool cut = false;          // it does not end with a line end
    };

    LogFile() = default;
    virtual ~LogFile() = default;
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    LogFile(LogFile&&) = delete;
    LogFile& operator=(LogFile&&) = delete;

    // When it was opened.
    virtual const State& state() const = 0;
    // Returns how many bytes were written: at least one, or an error.
    virtual Result<std::size_t> write(std::string_view content) = 0;
};

class LogDisk {
  public:
    LogDisk() = default;
    virtual ~LogDisk() = default;
    LogDisk(const LogDisk&) = delete;
    LogDisk& operator=(const LogDisk&) = delete;
    LogDisk(LogDisk&&) = delete;
    LogDisk& operator=(LogDisk&&) = delete;

    // Creates the file, and its folder, if they are missing.
    virtual Result<std::unique_ptr<LogFile>> open(const std::string& path) = 0;
    // kNotFound: there is no file of this name.
    virtual Result<FileIdentity> identity(const std::string& path) = 0;
    // A missing file is not an error for these two.
    virtual Result<> rename(const std::string& from, const std::string& to) = 0;
    virtual Result<> remove(const std::string& path) = 0;
};

// The real one. It refuses what is not a regular file, symbolic links, and folders in which others than root could exchange the file.
// New files have mode 0640, new folders 0750.
LogDisk& system_log_disk();

}  // namespace namegate::daemon
