// SPDX-License-Identifier: Apache-2.0
//
// Reads policy files from the disk and reports them to a ledger. Does not read unchanged files again; decodes many files in
// parallel, with threads that end before the call returns. Each call is part of a round of the ledger. Blocks on the disk.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "policy/documents/changed_files.h"
#include "policy/documents/document_ledger.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxPolicyFiles = 10'000;

// Whether the name is *.yaml, *.yml or *.json and not hidden. Excludes editors' files such as ~, .tmp and .swp.
bool is_policy_file_name(std::string_view name);

// Reports the policy files of a folder: the content of each, those that cannot be read, and those that were removed. A dangling
// link is a file that cannot be read. A folder without files that is on another file system than before, or no longer a mount
// point, has lost its mount and counts as unreachable, like a missing folder. Returns the error of the folder itself, which is
// reported to the ledger too. `changed`: what may have changed since the ledger read the folder last; the ledger may want all
// files all the same.
Result<> load_folder(DocumentLedger& ledger, const std::string& folder, const ChangedFiles& changed = ChangedFiles::any(),
                     FileSystem& files = system_files());

// The same for kubelet's folder of static Pods (staticPodPath), which must contain Pods only. Appends the node's name to
// theirs, as kubelet does. Like kubelet, reads every file that is not hidden.
Result<> load_manifest_folder(DocumentLedger& ledger, const std::string& folder, std::string_view node_name,
                              const ChangedFiles& changed = ChangedFiles::any(), FileSystem& files = system_files());

// Reports one file. Its folder is the source; other files there are not read.
void load_file(DocumentLedger& ledger, const std::string& path, FileSystem& files = system_files());

}  // namespace namegate::policy
