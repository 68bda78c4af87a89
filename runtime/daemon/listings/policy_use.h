// SPDX-License-Identifier: Apache-2.0
//
// What each policy does on this node, for `namegatectl policies`. Reads only. One thread.
#pragma once

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/node.h"

namespace namegate::daemon {

// [{tier, order: number or null, kind, policy, staged, types: [text], file, line, endpoints, unknownEndpoints, rules,
//  matchedRules: number, or null when staged}], in the order of evaluation. `matchedRules` counts the rules that matched a packet,
// by the counters of the endpoints that have the rules now.
Result<api::Json> view_policies(Node& node);

}  // namespace namegate::daemon
