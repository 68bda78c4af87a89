// SPDX-License-Identifier: Apache-2.0
//
// namegated as an event loop: timers, folders, socket, rings and signals around a Node. Owns the loop. One
// thread. run() returns the exit status; ending leaves everything that is enforced in place.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/config.h"

namespace namegate::daemon {

// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread, and runs until one of the first two.
Result<> run_daemon(const config::Config& config);

}  // namespace namegate::daemon
