// SPDX-License-Identifier: Apache-2.0
//
// The node's state as JSON, for the tools. Reads only; a map that cannot be read is the command's error. One
// thread: that of the event loop.
#pragma once

#include <string>

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/dns/learner.h"
#include "daemon/node.h"

namespace namegate::daemon {

Result<api::Json> view_status(Node& node, const Learner& learner);
// One endpoint: who it is, what selects it, what was counted.
Result<api::Json> view_endpoint(Node& node, const endpoints::Record& record);
// The rules in force, by direction and tier, with their counters.
Result<api::Json> view_rules(Node& node, const endpoints::Record& record);
// The allow map.
Result<api::Json> view_addresses(Node& node, const endpoints::Record& record);
// The name cache of one endpoint.
api::Json view_names(Node& node, const endpoints::Record& record);

// "closed", "enforced" or "open", as the kernel has it.
Result<std::string> mode_of(Node& node, const endpoints::Record& record);

// How people call it: "namespace/pod", or the container's id.
std::string display_name(const endpoints::Record& record);

}  // namespace namegate::daemon
