// SPDX-License-Identifier: Apache-2.0
//
// What each policy does on this node, for `namegatectl policies`. Reads only. One thread.
#pragma once

#include "api/replies/policies.h"
#include "base/result.h"
#include "daemon/node.h"

namespace namegate::daemon {

// In the order of evaluation.
Result<api::PolicyList> view_policies(Node& node);

}  // namespace namegate::daemon
