// SPDX-License-Identifier: Apache-2.0
//
// The folder of kept policies: an index (kept_index.h) and an exact copy of each document, under a name made of its path and
// content. A copy never changes. The index determines which copies count, and is replaced by rename. So a crash at any step
// leaves either the old or the new state. The caller must ensure that one process writes at a time. Not
// thread-safe. Blocks on the disk.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "policy/documents/kept_index.h"

namespace namegate::policy {

inline constexpr const char* kKeptFolder = "/policies";            // below cacheDir
inline constexpr std::size_t kMaxKeptBytes = 256UL * 1024 * 1024;  // for all copies

class KeptDocuments {
  public:
    KeptDocuments(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

    // Whether another process has changed the folder since this object last read or wrote it.
    bool changed() const;
    // Reads the index. kNotFound: there is none; kInvalidInput: it is damaged or has another version.
    Result<KeptIndex> read();
    // Finds out which copies that the index names exist. `index`: as returned by read(). Until this has succeeded once, no copy
    // is known.
    Result<> find_copies(const KeptIndex& index);

    bool has_copy(const std::string& path, const ContentId& id) const { return copies_.count(copy_of(path, id)) != 0; }
    // The copy counts only after a commit of an index that names it. kExhausted: all copies would exceed kMaxKeptBytes.
    Result<> write_copy(const std::string& path, const ContentId& id, std::string_view content);
    // kInvalidInput: the copy is damaged.
    Result<std::string> read_copy(const std::string& path, const ContentId& id) const;
    // After it returns, the index and its copies survive a crash of the machine.
    Result<> commit(const KeptIndex& index);
    // Removes the copies that the committed index does not name, and what an interrupted commit left behind.
    Result<> remove_others(const KeptIndex& index);
    // Removes an index that could not be updated, so that no process uses it. Without an index no former content is known.
    Result<> remove_index();

  private:
    using Stamp = std::optional<FileInfo>;

    // What the name of a copy is made of. Names are made only where the disk is used, because there are thousands of copies.
    struct Copy {
        std::uint64_t path_hash = 0;
        std::uint64_t hash = 0;
        std::uint64_t size = 0;

        auto operator<=>(const Copy&) const = default;
    };

    static Copy copy_of(const std::string& path, const ContentId& id);
    static std::string name_of(const Copy& copy);
    std::string file_of(const Copy& copy) const { return folder_ + "/" + name_of(copy); }
    std::set<Copy> named_by(const KeptIndex& index) const;
    Result<> remove_leftovers();
    std::string index_path() const { return folder_ + "/index"; }
    Stamp stamp_of(const std::string& path) const;
    void note_stamps();
    Result<> sync_copies();

    FileSystem& files_;
    std::string folder_;
    std::set<Copy> copies_;           // the existing, complete copies
    std::vector<Copy> unsynced_;      // those of copies_ that are not synced
    std::size_t bytes_ = 0;           // of copies_
    bool folder_synced_ = false;      // the folder's name in its parent is synced
    bool leftovers_removed_ = false;  // since another process last wrote to the folder
    Stamp folder_stamp_;
    Stamp index_stamp_;
};

}  // namespace namegate::policy
