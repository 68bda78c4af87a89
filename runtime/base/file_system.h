// SPDX-License-Identifier: Apache-2.0
//
// The file system for code that must survive a crash at any moment. Each step is a call of its own, so that a test can
// stop the process or the machine between any two. A file's content survives a crash of the machine only after it is
// synced, and its name only after its folder is synced. Functions block on the disk; those of system_files() may be
// called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace namegate {

struct FileInfo {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    bool mount_point = false;

    bool operator==(const FileInfo&) const = default;
};

class FileSystem {
  public:
    FileSystem() = default;
    virtual ~FileSystem() = default;
    FileSystem(const FileSystem&) = delete;
    FileSystem& operator=(const FileSystem&) = delete;
    FileSystem(FileSystem&&) = delete;
    FileSystem& operator=(FileSystem&&) = delete;

    // As read_file() and list_directory() of base/file.h.
    virtual Result<std::string> read(const std::string& path, std::size_t max_bytes) = 0;
    virtual Result<std::vector<std::string>> list(const std::string& folder, std::size_t max_entries) = 0;
    // Follows links.
    virtual Result<FileInfo> info(const std::string& path) = 0;
    // Whether the name exists, even as a dangling link. True if that cannot be determined.
    virtual bool has_name(const std::string& path) = 0;

    // Creates the folder and its missing parents with mode 0700.
    virtual Result<> make_folder(const std::string& folder) = 0;
    // Replaces the whole content of the file, with mode 0600 if new; does not sync it.
    virtual Result<> write(const std::string& path, std::string_view content) = 0;
    virtual Result<> sync(const std::string& path) = 0;
    // Syncs the whole file system that holds the folder.
    virtual Result<> sync_all(const std::string& folder) = 0;
    virtual Result<> sync_folder(const std::string& folder) = 0;
    virtual Result<> rename(const std::string& from, const std::string& to) = 0;
    // A missing file is not an error.
    virtual Result<> remove(const std::string& path) = 0;
};

FileSystem& system_files();

}  // namespace namegate
