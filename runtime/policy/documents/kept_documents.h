// SPDX-License-Identifier: Apache-2.0
//
// The folder in which the policies that were good last are kept: an index (kept_index.h), and beside it one copy of each document,
// byte for byte as it was, under a name made of its path and content. A copy never changes; the index, replaced by rename,
// says which count. So a crash at any step leaves what was kept before, or what is kept now. The caller sees to it that one process
// at a time writes. Not thread-safe. Blocks on the disk.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "policy/documents/kept_index.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxKeptBytes = 256UL * 1024 * 1024;  // of all copies

class KeptDocuments {
  public:
    KeptDocuments(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

    // Is the folder other than this object left or found it?
    bool changed() const;
    // The index as it stands. kNotFound: there is none; kInvalidInput: it is damaged, or another version's.
    Result<KeptIndex> read();
    // Looks which copies are there of those that this index, which was read, names. Until then none is known; an error leaves it
    // at that.
    Result<> find_copies(const KeptIndex& index);

    bool has_copy(const std::string& path, const ContentId& id) const { return copies_.count(name_of(path, id)) != 0; }
    // Does not count before a commit names it. kExhausted when it does not fit into kMaxKeptBytes.
    Result<> write_copy(const std::string& path, const ContentId& id, std::string_view content);
    // kInvalidInput when it is not what was kept.
    Result<std::string> read_copy(const std::string& path, const ContentId& id) const;
    // When it returns, this counts, whatever happens.
    Result<> commit(const KeptIndex& index);
    // Copies that the committed index does not name, and what a commit left that died.
    Result<> remove_others(const KeptIndex& index);
    // An index that cannot be brought up to date must not be believed: without one, nothing is taken for known.
    Result<> remove_index();

  private:
    using Stamp = std::optional<FileInfo>;

    static std::string name_of(const std::string& path, const ContentId& id);
    std::string index_path() const { return folder_ + "/index"; }
    Stamp stamp_of(const std::string& path) const;
    void note_stamps();
    Result<> sync_copies();

    FileSystem& files_;
    std::string folder_;
    std::set<std::string> copies_;       // names of those that are there, and whole
    std::vector<std::string> unsynced_;  // of these
    std::size_t bytes_ = 0;              // of the copies
    bool found_by_name_ = false;         // the folder's own name is synced
    Stamp folder_stamp_;
    Stamp index_stamp_;
};

}  // namespace namegate::policy
