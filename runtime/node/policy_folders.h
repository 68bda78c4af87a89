// SPDX-License-Identifier: Apache-2.0
//
// Reads the configured folders of policies and of kubelet's pod manifests into a ledger, which stores copies of the last good
// content below `cacheDir`. Used by daemon and plugin; a lock file beside the copies lets only one process do this at a time.
// Functions without state. Blocks on the disk.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "policy/documents/changed_files.h"
#include "policy/documents/document_ledger.h"

namespace namegate::node {

struct FolderProblem {
    std::string folder;
    std::string why;

    bool operator==(const FolderProblem&) const = default;
};

void log_problems(const std::vector<FolderProblem>& problems);

struct FoldersRead {
    std::vector<FolderProblem> problems;  // folders that could not be read
    Result<> kept = ok();                 // an error: the last good content was not stored and ends with this process
};

// The folder of the kept policies: copies of the last good content of each policy file.
std::string kept_policies_folder(const config::Config& config);
policy::DocumentLedger make_ledger(const config::Config& config, const Clock& clock);

// `changed`: since the ledger read the folders last. kTryAgain: another process is reading, and nothing was read.
Result<FoldersRead> load_policy_folders(policy::DocumentLedger& ledger, const config::Config& config,
                                        const policy::ChangedFiles& changed = policy::ChangedFiles::any());

// The gaps in one line; empty when all policies are known.
std::string gaps_text(const policy::DocumentLedger& ledger);

// The suffix that kubelet appends to the names of static pods: nodeName, or the host name in lower case.
std::string node_name(const config::Config& config);

// All folders to watch for changes.
std::vector<std::string> watched_folders(const config::Config& config);

}  // namespace namegate::node
