// SPDX-License-Identifier: Apache-2.0
//
// The daemon: a Node, and an event loop that waits for signals, rings, folders, clients and timers. One thread. Policies stay
// enforced after the daemon ends.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/config.h"

namespace namegate::daemon {

// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and runs until SIGTERM or SIGINT arrives. An error: it could not start, or
// its event loop failed.
Result<> run_daemon(const config::Config& config);

}  // namespace namegate::daemon
