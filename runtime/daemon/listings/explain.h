// SPDX-License-Identifier: Apache-2.0
//
// Explains why an endpoint may or may not reach a destination, from the rules that were programmed for it and its learned
// addresses. Reads only. One thread: that of the event loop.
#pragma once

#include "api/replies/explain.h"
#include "base/result.h"
#include "daemon/node.h"
#include "policy/compiler/destination.h"

namespace namegate::daemon {

// kInvalidInput: the destination is a name and the direction is ingress.
Result<api::ExplainReply> view_explanation(Node& node, const endpoints::Record& record, const policy::Destination& destination,
                                           policy::Direction direction);

}  // namespace namegate::daemon
