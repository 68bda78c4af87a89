// SPDX-License-Identifier: Apache-2.0
//
// One event of the datapath as JSON, for `namegatectl monitor`. Reads the node's state. Cannot fail: what is no longer known is left
// out. One thread: that of the event loop.
#pragma once

#include <cstdint>
#include <span>

#include "api/protocol.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"

namespace namegate::daemon {

// {time, kind: denied | logged | cut | limit | dns, endpoint, endpointId, interface, ...}; time is UTC (RFC 3339).
// For packets: direction, protocol, localPort, remote, remotePort, rule, reason, but not the verdict of staged policies. For DNS
// responses: name, addresses, server, opened.
api::Json view_event(Node& node, const ng_event& event, std::span<const std::uint8_t> payload);

}  // namespace namegate::daemon
