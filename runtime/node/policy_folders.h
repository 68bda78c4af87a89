// SPDX-License-Identifier: Apache-2.0
//
// The configured folders of policies and of kubelet's pod manifests, read into a ledger, which keeps what they say under `cacheDir`.
// Daemon and plugin both go this way; a lock beside the copies has one of them at a time read and keep. Blocks on the disk.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "policy/documents/document_ledger.h"

namespace namegate::node {

struct FolderProblem {
    std::string folder;
    std::string why;

    bool operator==(const FolderProblem&) const = default;
};

struct FoldersRead {
    std::vector<FolderProblem> problems;  // of folders that could not be read
    Result<> kept = ok();                 // else what is in force would not outlive this process
};

// The copies of what the policies said when they were good last.
std::string kept_policies_folder(const config::Config& config);
policy::DocumentLedger make_ledger(const config::Config& config, const Clock& clock);

// kTryAgain: another process is at it, and nothing was read.
Result<FoldersRead> load_policy_folders(policy::DocumentLedger& ledger, const config::Config& config);

// What is not known, in one line; empty: all is known.
std::string gaps_text(const policy::DocumentLedger& ledger);

// What kubelet puts behind a static pod's name: nodeName, or this machine's name in small letters.
std::string node_name(const config::Config& config);

// All that is to be watched.
std::vector<std::string> watched_folders(const config::Config& config);

}  // namespace namegate::node
