// SPDX-License-Identifier: Apache-2.0
//
// The flow log as the configuration says. One thread: that of the event loop.
#pragma once

#include <memory>

#include "daemon/flow_log/flow_log.h"
#include "daemon/node.h"

namespace namegate::daemon {

// Null: there is no flow log. The node outlives it. The file is opened when there is something to write.
std::unique_ptr<FlowLog> open_flow_log(Node& node);

// The kinds of these names; a name that is not a kind is left out.
std::set<EventKind> kinds_of(const std::vector<std::string>& names);

}  // namespace namegate::daemon
