// SPDX-License-Identifier: Apache-2.0
//
// One question to the daemon over its socket. Blocks for at most the given time. kNotFound: nobody listens;
// kTryAgain: no answer in time; else the daemon's own error.
#pragma once

#include <string>

#include "base/result.h"
#include "control/protocol.h"

namespace namegate::control {

Result<Json> ask_daemon(const std::string& socket_path, const Request& request, unsigned timeout_ms);

}  // namespace namegate::control
