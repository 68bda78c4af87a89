// SPDX-License-Identifier: Apache-2.0
//
// Why an endpoint may or may not reach a destination, from the rules that were programmed for it and the
// addresses that the kernel has learnt. Reads only. One thread: that of the event loop.
#pragma once

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/node.h"
#include "policy/compiler/destination.h"

namespace namegate::daemon {

// As api::explain_json(). kInvalidInput: a name, where the packet comes from the other side.
Result<api::Json> view_explanation(Node& node, const endpoints::Record& record, const policy::Destination& destination,
                                   policy::Direction direction);

}  // namespace namegate::daemon
