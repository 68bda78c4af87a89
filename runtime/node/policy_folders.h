// SPDX-License-Identifier: Apache-2.0
//
// Reads the configured folders of policies and of kubelet's pod manifests, and what is known of the API server's policies, into a ledger,
// which stores copies of the last good content below `cacheDir`. Used by daemon and plugin; a lock file beside the copies lets only one
// process do this at a time. Functions without state. Blocks on the disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "policy/documents/changed_files.h"
#include "policy/documents/document_ledger.h"
#include "policy/documents/object_source.h"

namespace namegate::node {

// The policies of the API server, by the names that the configuration has for their groups.
using ObjectSources = std::map<std::string, policy::ObjectSource>;
ObjectSources make_object_sources(const config::Config& config);

struct FolderProblem {
    std::string folder;  // or a source of the API server
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
Result<FoldersRead> load_policies(policy::DocumentLedger& ledger, const config::Config& config, ObjectSources& objects,
                                  const policy::ChangedFiles& changed = policy::ChangedFiles::any());

// The gaps in one line; empty when all policies are known.
std::string gaps_text(const policy::DocumentLedger& ledger);

// The suffix that kubelet appends to the names of static pods: nodeName, or the host name in lower case.
std::string node_name(const config::Config& config);

// All folders to watch for changes.
std::vector<std::string> watched_folders(const config::Config& config);

}  // namespace namegate::node
