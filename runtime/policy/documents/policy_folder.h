// SPDX-License-Identifier: Apache-2.0
//
// Policy files on the disk, reported to a ledger. Files that have not changed since they were read are not read again; many
// at a time are decoded side by side, by threads that end with the call. Each call is part of a round of the ledger's. Blocks on the
// disk. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "policy/documents/document_ledger.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxPolicyFiles = 10'000;

// *.yaml, *.yml, *.json; not hidden, not an editor's leftover (~, .tmp, .swp).
bool is_policy_file_name(std::string_view name);

// Reports a folder's policy files: what they say, which cannot be read, which are gone. A link that leads nowhere is a file that
// cannot be read. A folder without files where another file system was, or is no mount point any more, has lost its mount, and is
// as unreachable as one that is missing. The error is about the folder itself, which the ledger then knows too.
Result<> load_folder(DocumentLedger& ledger, const std::string& folder, FileSystem& files = system_files());

// The same of a folder of kubelet's (staticPodPath), which holds Pods alone: they bear the node's name behind their own, as
// kubelet runs them. As kubelet does, takes every file that is not hidden.
Result<> load_manifest_folder(DocumentLedger& ledger, const std::string& folder, std::string_view node_name,
                              FileSystem& files = system_files());

// Reports one file, as if its folder held no other.
void load_file(DocumentLedger& ledger, const std::string& path, FileSystem& files = system_files());

}  // namespace namegate::policy
