// SPDX-License-Identifier: Apache-2.0
//
// Policy files on the disk, read into a store. Files that have not changed since they were read are not read again; many
// at a time are decoded side by side, by threads that end with the call. Blocks on the disk. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/policy_store.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxPolicyFiles = 10'000;

// *.yaml, *.yml, *.json; not hidden, not an editor's leftover (~, .tmp, .swp).
bool is_policy_file_name(std::string_view name);

// Reads a folder's policy files into the store, and removes from it the files of this folder that are gone.
// A file that cannot be read is marked so; the error is about the folder itself (then nothing changes).
Result<> load_folder(PolicyStore& store, const std::string& folder);

// The same of a folder of kubelet's (staticPodPath), which holds Pods alone: they bear the node's name behind their own, as
// kubelet runs them. As kubelet does, takes every file that is not hidden.
Result<> load_manifest_folder(PolicyStore& store, const std::string& folder, std::string_view node_name);

// Reads one file into the store, or removes it there if it is gone.
void load_file(PolicyStore& store, const std::string& path);

}  // namespace namegate::policy
