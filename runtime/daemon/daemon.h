// SPDX-License-Identifier: Apache-2.0
//
// The daemon: a Node, and an event loop that waits for signals, rings, folders, clients and timers. One thread. What is
// enforced stays enforced when the daemon ends.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/config.h"

namespace namegate::daemon {

// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread, and runs until one of the first two.
Result<> run_daemon(const config::Config& config);

}  // namespace namegate::daemon
