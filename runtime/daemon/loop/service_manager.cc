// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/service_manager.h"

#include <systemd/sd-daemon.h>

namespace namegate::daemon {

void notify_service_manager(const std::string& state) { sd_notify(0, state.c_str()); }

}  // namespace namegate::daemon
