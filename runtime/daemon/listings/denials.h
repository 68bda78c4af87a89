// SPDX-License-Identifier: Apache-2.0
//
// The reply to `namegatectl why`: what was denied to an endpoint lately, and the verdict and advice of today's rules for it. Reads
// only; a child process makes the reply.
#pragma once

#include <optional>
#include <vector>

#include "api/replies/why.h"
#include "base/result.h"
#include "daemon/events/recent_denials.h"
#include "daemon/node.h"
#include "policy/compiler/destination.h"

namespace namegate::daemon {

inline constexpr std::size_t kExplainedDenials = 16;  // the newest ones

// `now` is empty after the newest kExplainedDenials, and for protocols that `explain` cannot judge without the ICMP type.
// `destination`: only entries of this address or name, and, where given, this port.
Result<api::WhyReply> view_denials(Node& node, const endpoints::Record& record, const std::vector<Denial>& denials,
                                   const std::optional<policy::Destination>& destination);

}  // namespace namegate::daemon
