// SPDX-License-Identifier: Apache-2.0
//
// Whole files: bounded reads, atomic writes, and the advisory lock that serialises the processes of one node. Functions
// block on the disk and may be called from any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace namegate {

// Returns the whole content of a regular file. kExhausted: it has more than `max_bytes` bytes; the message names the limit.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// Writes all of `content` to an open file. Errors name it `name`.
Result<> write_all(int fd, std::string_view content, const std::string& name);

// Writes a hidden temporary file beside `path`, syncs it and renames it to `path`.
Result<> write_file_atomically(const std::string& path, std::string_view content, mode_t mode);

// Creates the folder and its missing parents.
Result<> make_directories(const std::string& path, mode_t mode);

// Removes the file. A missing file is not an error.
Result<> remove_file(const std::string& path);

// Returns the names in a folder, sorted, without "." and "..". kExhausted: there are more than `max_entries`.
Result<std::vector<std::string>> list_directory(const std::string& path, std::size_t max_entries);

// A process that waits for a FileLock tries at least this often. A holder that lets others in between two of its own holds must
// leave the lock free for longer.
inline constexpr unsigned kMaxLockPollMs = 16;

// Holds flock(LOCK_EX) on a file until destroyed.
class FileLock {
  public:
    // Creates the file if needed and waits at most `timeout_ms` for the lock; then kTryAgain.
    static Result<FileLock> acquire(const std::string& path, unsigned timeout_ms);

  private:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace namegate
