// SPDX-License-Identifier: Apache-2.0
//
// The policy files and what is in force of each: a file that fails keeps its own last good content, on
// first sight it contributes nothing, and no other file is held back by it. The store does no I/O of its
// own; load_folder() below does. Not thread-safe; the snapshots it hands out are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/problem.h"
#include "policy/snapshot.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxPolicyFiles = 10'000;

struct FileStatus {
    enum class InForce { kCurrent, kLastGood, kNone };

    std::string path;
    bool loaded = false;  // the content as it is now is good
    InForce in_force = InForce::kNone;
    std::size_t resources = 0;  // in force
    Problems problems;          // of the content as it is now
};

std::string_view to_string(FileStatus::InForce in_force);

class PolicyStore {
  public:
    // Returns whether what is in force has changed. With the name of a node the file is a manifest of kubelet's: it
    // holds Pods alone, and they bear the node's name behind their own, as kubelet runs them.
    bool set_file(const std::string& path, std::string_view content, std::string_view static_pods_of = {});
    bool remove_file(const std::string& path);
    // The file is there but cannot be read: its last good content stays in force.
    void set_unreadable(const std::string& path, const std::string& why);

    std::vector<FileStatus> files() const;   // sorted by path
    std::vector<std::string> paths() const;  // sorted
    std::shared_ptr<const Snapshot> snapshot() const;

  private:
    struct File {
        std::uint64_t content_hash = 0;
        std::size_t content_size = 0;
        bool seen = false;  // content_hash is of a content we decoded
        bool loaded = false;
        bool has_good = false;
        std::vector<std::shared_ptr<const Resource>> good;
        Problems problems;
    };

    Problems duplicates(const std::string& path, const std::vector<std::shared_ptr<const Resource>>& resources) const;
    void retry_refused();
    bool accept(const std::string& path, File& file, std::vector<std::shared_ptr<const Resource>> resources);

    std::map<std::string, File> files_;
    std::map<ResourceKey, std::string> owners_;                                    // which file's resource is in force
    std::map<std::string, std::vector<std::shared_ptr<const Resource>>> refused_;  // good but for duplicates
    std::uint64_t generation_ = 1;
    mutable std::shared_ptr<const Snapshot> snapshot_;
};

// *.yaml, *.yml, *.json; not hidden, not an editor's leftover (~, .tmp, .swp).
bool is_policy_file_name(std::string_view name);

// Reads a folder's policy files into the store, and removes from it the files of this folder that are gone.
// A file that cannot be read is marked so; the error is about the folder itself (then nothing changes).
Result<> load_folder(PolicyStore& store, const std::string& folder);

// The same of a folder of kubelet's (staticPodPath), whose pods run on the node of this name. As kubelet does, takes every
// file that is not hidden.
Result<> load_manifest_folder(PolicyStore& store, const std::string& folder, std::string_view node_name);

// Reads one file of a folder into the store, or removes it there if it is gone (for a watcher's events).
void load_file(PolicyStore& store, const std::string& path, std::string_view static_pods_of = {});

}  // namespace namegate::policy
