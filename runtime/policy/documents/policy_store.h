// SPDX-License-Identifier: Apache-2.0
//
// The policy files and what is in force of each: a file that fails keeps its own last good content, on
// first sight it contributes nothing, and no other file is held back by it. The store does no I/O: see
// policy_folder.h. Not thread-safe; the snapshots it hands out are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/documents/content_id.h"
#include "policy/documents/decode_file.h"
#include "policy/model/problem.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

// The file on the disk, so that one that has not changed need not be read.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const FileStamp&) const = default;
};

struct FileStatus {
    // kUnknown: it may have been good, and what it said then is lost (document_ledger.h).
    enum class InForce { kCurrent, kLastGood, kNone, kUnknown };

    std::string path;
    bool loaded = false;  // the content as it is now is good
    InForce in_force = InForce::kNone;
    std::size_t resources = 0;  // in force
    Problems problems;          // of the content as it is now
    // Seconds since the epoch: the content as it is now is in force since then, or else is not good since then; 0: not known.
    std::int64_t since = 0;
};

std::string_view to_string(FileStatus::InForce in_force);

class PolicyStore {
  public:
    // Returns whether what is in force has changed.
    bool set_file(const std::string& path, std::string_view content);
    // The same in two steps, so that many files can be decoded side by side.
    bool needs(const std::string& path, const ContentId& id) const;
    bool take(const std::string& path, const ContentId& id, DecodeOutcome decoded);
    bool remove_file(const std::string& path);
    // What the file said when it was good last, before this process: in force until it says something good again, or is removed.
    // False when it cannot be put in force.
    bool restore(const std::string& path, DecodeOutcome decoded);
    // The file is there but cannot be read: its last good content stays in force.
    void set_unreadable(const std::string& path, const std::string& why);
    // What was set last came from the file with this stamp.
    void set_stamp(const std::string& path, const FileStamp& stamp);
    bool has_stamp(const std::string& path, const FileStamp& stamp) const;

    std::vector<FileStatus> files() const;    // sorted by path
    std::vector<FileStatus> refused() const;  // those whose content as it is now is not good
    // The content that is there now, if it is in force.
    std::optional<ContentId> loaded(const std::string& path) const;
    bool has_good(const std::string& path) const;
    std::size_t file_count() const { return files_.size(); }
    std::vector<std::string> paths() const;  // sorted
    std::shared_ptr<const Snapshot> snapshot() const;
    // Rises whenever files() may say something else.
    std::uint64_t revision() const { return revision_; }

  private:
    struct File {
        ContentId content;
        std::optional<FileStamp> stamp;
        bool seen = false;  // `content` is of a content we decoded
        bool loaded = false;
        std::shared_ptr<const FileResources> good;  // null: none
        Problems problems;
    };

    static FileStatus status_of(const std::string& path, const File& file);
    void put_in_force(const std::string& path, File& file, std::shared_ptr<const FileResources> resources);
    Problems duplicates(const std::string& path, const FileResources& resources) const;
    void retry_refused();
    void forget_owner(const File& file);
    bool accept(const std::string& path, File& file, std::shared_ptr<const FileResources> resources);

    std::map<std::string, File> files_;
    std::map<ResourceKey, std::string> owners_;                            // which file's resource is in force
    std::map<std::string, std::shared_ptr<const FileResources>> refused_;  // good but for duplicates
    std::uint64_t generation_ = 1;
    std::uint64_t revision_ = 1;
    mutable std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace namegate::policy
