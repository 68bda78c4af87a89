// SPDX-License-Identifier: Apache-2.0
//
// The file system as its users see it who must survive a crash at any moment: each step by itself, so that a test can end the
// process, or the machine, between any two. Nothing written is sure to outlive the machine before it was synced, and no name
// before its folder was. Functions block on the disk; the system's may be called from any thread.
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
    // Of what the path leads to, through links.
    virtual Result<FileInfo> info(const std::string& path) = 0;
    // Is the name there, whatever it leads to? What cannot be told is there.
    virtual bool has_name(const std::string& path) = 0;

    // The folder and its missing parents, for their owner alone.
    virtual Result<> make_folder(const std::string& folder) = 0;
    // The whole content of a file for its owner alone; not synced.
    virtual Result<> write(const std::string& path, std::string_view content) = 0;
    virtual Result<> sync(const std::string& path) = 0;
    // Everything written to the file system that holds the folder.
    virtual Result<> sync_all(const std::string& folder) = 0;
    virtual Result<> sync_folder(const std::string& folder) = 0;
    virtual Result<> rename(const std::string& from, const std::string& to) = 0;
    // One that is not there is success.
    virtual Result<> remove(const std::string& path) = 0;
};

FileSystem& system_files();

}  // namespace namegate
