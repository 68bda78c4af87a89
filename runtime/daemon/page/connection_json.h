// SPDX-License-Identifier: Apache-2.0
//
// Connections as the entries of the lists `edges` and `rules` of docs/page.md: a connection names its rule by its place in `rules`,
// where each rule is once. Pure; cannot fail.
#pragma once

#include <string>
#include <vector>

#include "daemon/page/connections.h"

namespace namegate::daemon {

// The entries of the lists, without brackets.
struct ConnectionLists {
    std::string edges;
    std::string rules;
};

ConnectionLists write_connections(const std::vector<const Connection*>& connections);

}  // namespace namegate::daemon
