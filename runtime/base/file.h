// SPDX-License-Identifier: Apache-2.0
//
// Whole files: bounded reads, atomic writes, and the advisory lock that serialises the processes of one
// node. Functions block on the disk; they may be called from any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace namegate {

// The whole content of a regular file; more than `max_bytes` is kExhausted and names the limit.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// Written to a hidden temporary file beside `path`, synced, then renamed over it.
Result<> write_file_atomically(const std::string& path, std::string_view content, mode_t mode);

// Makes the folder and its missing parents.
Result<> make_directories(const std::string& path, mode_t mode);

// Removes the file; one that is not there is success.
Result<> remove_file(const std::string& path);

// Names of the entries of a folder ("." and ".." left out), sorted; at most `max_entries`.
Result<std::vector<std::string>> list_directory(const std::string& path, std::size_t max_entries);

// Holds flock(LOCK_EX) on a file until destroyed.
class FileLock {
  public:
    // Makes the file if needed and waits for the lock for at most `timeout_ms`; kTryAgain after that.
    static Result<FileLock> acquire(const std::string& path, unsigned timeout_ms);

  private:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace namegate
