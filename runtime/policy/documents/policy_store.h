// SPDX-License-Identifier: Apache-2.0
//
// The policy files and the content in force of each. An invalid file keeps its last good content, or contributes nothing if
// it never had any; it does not affect other files. Objects of an API server are files here too, with paths that begin with
// kObjectPrefix. A file in a folder comes before an object with the same resource, which is not in force for as long as the file is
// there. Does no I/O; see policy_folder.h. Not thread-safe, but its snapshots are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/documents/content_id.h"
#include "policy/documents/decode_file.h"
#include "policy/model/problem.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

inline constexpr std::string_view kObjectPrefix = "api:";
inline bool is_object_path(std::string_view path) { return path.starts_with(kObjectPrefix); }

// Identifies a version of a file on the disk, so that an unchanged file is not read again.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const FileStamp&) const = default;
};

struct FileStatus {
    // kUnknown: it may have been valid, and that content is lost (document_ledger.h). kKept: the content of an earlier process, until its
    // source has been read. kOverridden: nothing, because a file in a folder has the same resource.
    enum class InForce { kCurrent, kLastGood, kNone, kUnknown, kKept, kOverridden };

    std::string path;
    bool loaded = false;  // the present content is valid
    InForce in_force = InForce::kNone;
    std::size_t resources = 0;  // in force
    Problems problems;          // of the present content
    // Seconds since the epoch: since when the present content is in force, or since when the file is not valid; 0: unknown.
    std::int64_t since = 0;
    // Seconds since the epoch: since when the file had its last good content; 0: unknown.
    std::int64_t good_since = 0;
};

std::string_view to_string(FileStatus::InForce in_force);

class PolicyStore {
  public:
    // Returns whether the content in force has changed.
    bool set_file(const std::string& path, std::string_view content);
    // The same in two steps, so that files can be decoded in parallel.
    bool is_new_content(const std::string& path, const ContentId& id) const;
    bool set_decoded(const std::string& path, const ContentId& id, DecodeOutcome decoded);
    bool remove_file(const std::string& path);
    // Puts the last good content from an earlier process in force, until the file is valid again or is removed. Returns false
    // if the content is invalid or duplicates a resource.
    bool restore(const std::string& path, DecodeOutcome decoded);
    // The file exists but cannot be read: its last good content stays in force.
    void set_unreadable(const std::string& path, const std::string& why);
    // The content that was set last is from the file with this stamp.
    void set_stamp(const std::string& path, const FileStamp& stamp);
    bool has_stamp(const std::string& path, const FileStamp& stamp) const;

    std::vector<FileStatus> files() const;    // sorted by path
    std::vector<FileStatus> refused() const;  // those whose present content is not valid
    // The present content, if it is in force.
    std::optional<ContentId> loaded(const std::string& path) const;
    bool has_good(const std::string& path) const;
    std::size_t file_count() const { return files_.size(); }
    // Calls visit(path, whether the present content is valid and in force) for each file, in the order of the paths. The visitor
    // must not change the store.
    template <typename Visitor>
    void for_each_file(Visitor visit) const {
        for (const auto& [path, file] : files_) {
            visit(path, file.loaded);
        }
    }
    std::shared_ptr<const Snapshot> snapshot() const;
    // Increases whenever the result of files() may change.
    std::uint64_t revision() const { return revision_; }

  private:
    struct File {
        ContentId content;
        std::optional<FileStamp> stamp;
        bool seen = false;  // `content` identifies the content that was decoded last
        bool loaded = false;
        std::shared_ptr<const FileResources> good;  // in force unless overridden; null: nothing
        bool overridden = false;                    // has no resource in owners_
        Problems problems;
    };

    FileStatus status_of(const std::string& path, const File& file) const;
    void put_in_force(const std::string& path, File& file, std::shared_ptr<const FileResources> resources);
    Problems duplicates(const std::string& path, const FileResources& resources) const;
    void retry_refused();
    void forget_owner(const std::string& path, File& file);
    bool is_outranked(const std::string& path, const FileResources& resources) const;
    void take_ownership(const std::string& path, File& file);
    void retry_overridden();
    bool accept(const std::string& path, File& file, std::shared_ptr<const FileResources> resources);

    std::map<std::string, File> files_;
    std::map<ResourceKey, std::string> owners_;                            // the file whose resource is in force
    std::map<std::string, std::shared_ptr<const FileResources>> refused_;  // valid except for duplicates
    std::set<std::string> overridden_;                                     // paths of the objects that are
    std::uint64_t generation_ = 1;
    std::uint64_t revision_ = 1;
    mutable std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace namegate::policy
