// SPDX-License-Identifier: Apache-2.0
//
// The effect that staged policies would have on an endpoint, for the tools: its rules if they were enforced, and the live flows
// that they would deny. Changes nothing. The daemon's thread.
#pragma once

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/node.h"
#include "policy/compiler/compiled_policy.h"

namespace namegate::daemon {

// Null: no staged policy concerns the endpoint in this direction. Otherwise {error, rules: [{number, tier, ..., staged}],
// liveFlows, deniedFlows, example}; `example` is one of the flows that would be denied, as text.
Result<api::Json> view_staged(Node& node, const endpoints::Record& record, policy::Direction direction);

}  // namespace namegate::daemon
