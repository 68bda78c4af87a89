// SPDX-License-Identifier: Apache-2.0
//
// The effect that staged policies would have on an endpoint, for the tools: its rules if they were enforced, and the live flows
// that they would deny. Changes nothing. The daemon's thread.
#pragma once

#include <optional>

#include "api/replies/policies.h"
#include "base/result.h"
#include "daemon/node.h"
#include "policy/compiler/compiled_policy.h"

namespace namegate::daemon {

// Empty: no staged policy concerns the endpoint in this direction.
Result<std::optional<api::StagedEffect>> view_staged(Node& node, const endpoints::Record& record, policy::Direction direction);

}  // namespace namegate::daemon
