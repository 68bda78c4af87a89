// SPDX-License-Identifier: Apache-2.0
//
// What pods leave on a node, as text, so that "nothing is left" is one comparison.
#pragma once

#include <string>

#include "support/netns.h"

namespace namegate::test {

struct NodeFolders {
    std::string bpffs;    // of the pins
    std::string records;  // of the endpoints
    std::string leases;   // host-local's dataDir
};

// One line for each interface, route, pinned link, endpoint record and address lease. Empty on a node without pods.
inline std::string node_traces(const NodeFolders& folders) {
    return must_run(
        "{ ip -o link | grep -o ' ng[0-9a-f]*@'; ip -4 route show | grep ' ng[0-9a-f]';"
        "ip -6 route show proto static | grep ' ng[0-9a-f]'; find " +
        folders.bpffs + " -path '*/links/*' | sort; find " + folders.records + " -type f | sort; find " + folders.leases +
        " -type f ! -name 'last_reserved*' ! -name lock | sort; } 2>/dev/null; true");
}

}  // namespace namegate::test
