// SPDX-License-Identifier: Apache-2.0
//
// The node's state as the replies of api/replies, for the tools. Reads only; if a map cannot be read, the command fails. One thread: that
// of the event loop.
#pragma once

#include <string>

#include "api/replies/addresses.h"
#include "api/replies/endpoints.h"
#include "api/replies/names.h"
#include "api/replies/policies.h"
#include "api/replies/status.h"
#include "base/result.h"
#include "daemon/dns/learner.h"
#include "daemon/node.h"

namespace namegate::daemon {

Result<api::StatusReply> view_status(Node& node, const Learner& learner);
// One endpoint: its identity, the policies that select it, its counters.
Result<api::EndpointItem> view_endpoint(Node& node, const endpoints::Record& record);
// The rules in force, by direction and tier, with their counters.
Result<api::RulesReply> view_rules(Node& node, const endpoints::Record& record);
// The learned addresses of one endpoint.
Result<api::AddressesReply> view_addresses(Node& node, const endpoints::Record& record);
// The name cache of one endpoint.
api::NamesReply view_names(Node& node, const endpoints::Record& record);

// What works and is probably a mistake, one line each.
api::Texts view_warnings(Node& node);

// "closed", "enforced" or "open", from the kernel's maps.
Result<std::string> mode_of(Node& node, const endpoints::Record& record);

}  // namespace namegate::daemon
