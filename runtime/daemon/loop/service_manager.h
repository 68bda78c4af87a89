// SPDX-License-Identifier: Apache-2.0
//
// Reports the daemon's state to the service manager (systemd). Does nothing if the daemon was not started by one. Errors are ignored.
// Any thread.
#pragma once

#include <string>

namespace namegate::daemon {

// `state`: lines of NAME=VALUE, as in sd_notify(3).
void notify_service_manager(const std::string& state);

}  // namespace namegate::daemon
