// SPDX-License-Identifier: Apache-2.0
//
// What the staged policies would make of an endpoint, for the tools: its rules as they would be, and which of its live
// flows they would deny. Changes nothing. The daemon's thread.
#pragma once

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/node.h"
#include "policy/compiler/compiled_policy.h"

namespace namegate::daemon {

// null: no staged policy concerns the endpoint in this direction. Else {error, rules: [{number, tier, ..., staged}],
// liveFlows, deniedFlows, example}; `example` is one of the flows that would be denied, as text.
Result<api::Json> view_staged(Node& node, const endpoints::Record& record, policy::Direction direction);

}  // namespace namegate::daemon
