// SPDX-License-Identifier: Apache-2.0
//
// How the daemon gets on with the API server, for `status` and the health of the node. A value.
#pragma once

#include <cstdint>
#include <string>

namespace namegate::daemon {

struct ApiServerState {
    std::string server;  // "https://10.0.0.1:6443"; empty: not known yet
    bool connected = false;
    bool away = false;               // the last attempt failed
    std::int64_t since_seconds = 0;  // when that changed last, since the epoch; 0: not yet
    std::string last_error;          // empty: there was none
    std::uint64_t pods = 0;          // known, of this node
    std::uint64_t namespaces = 0;
    std::uint64_t service_accounts = 0;
    std::uint64_t refused = 0;  // objects that exceed a limit or cannot be read
    std::string last_refused;   // why
};

}  // namespace namegate::daemon
