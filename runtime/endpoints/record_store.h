// SPDX-License-Identifier: Apache-2.0
//
// The endpoint records of a node, one file each, in a folder of their own. Writes are atomic. list() reports unreadable files and
// returns the others. A store has no state but the path; processes that use the same folder hold the node lock while they write.
// Blocks on the disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "endpoints/record.h"

namespace namegate::endpoints {

inline constexpr std::size_t kMaxRecordFiles = 8192;  // read from one folder

struct BadRecord {
    std::string path;
    std::string why;
};

struct RecordListing {
    std::vector<Record> records;  // by endpoint id
    std::vector<BadRecord> bad;
};

class RecordStore {
  public:
    explicit RecordStore(std::string directory) : directory_(std::move(directory)) {}

    // Creates the folder if needed. kInvalidInput if the ids cannot name a file.
    Result<> write(const Record& record) const;
    // kNotFound if there is no record.
    Result<Record> read(std::string_view container_id, std::string_view ifname) const;
    // Succeeds if there is no record.
    Result<> remove(std::string_view container_id, std::string_view ifname) const;
    // A missing folder counts as empty.
    Result<RecordListing> list() const;

    // "<container id, at most 64 characters>-<ifname>-<hash of both>.json"
    Result<std::string> path_of(std::string_view container_id, std::string_view ifname) const;
    const std::string& directory() const { return directory_; }

  private:
    std::string directory_;
};

}  // namespace namegate::endpoints
