// SPDX-License-Identifier: Apache-2.0
//
// The node's state as JSON, for the tools. Reads only; if a map cannot be read, the command fails. One thread: that of the event
// loop.
#pragma once

#include <string>

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/dns/learner.h"
#include "daemon/node.h"

namespace namegate::daemon {

Result<api::Json> view_status(Node& node, const Learner& learner);
// One endpoint: its identity, the policies that select it, its counters.
Result<api::Json> view_endpoint(Node& node, const endpoints::Record& record);
// The rules in force, by direction and tier, with their counters.
Result<api::Json> view_rules(Node& node, const endpoints::Record& record);
// The learned addresses of one endpoint.
Result<api::Json> view_addresses(Node& node, const endpoints::Record& record);
// The name cache of one endpoint.
api::Json view_names(Node& node, const endpoints::Record& record);

// What works and is probably a mistake, one line each.
api::Json view_warnings(Node& node);

// "closed", "enforced" or "open", from the kernel's maps.
Result<std::string> mode_of(Node& node, const endpoints::Record& record);

}  // namespace namegate::daemon
