// SPDX-License-Identifier: Apache-2.0
//
// One event of the datapath as JSON, for `namegatectl monitor`. Reads the node's state; cannot fail: what is not known any
// more is left out. One thread: that of the event loop.
#pragma once

#include <cstdint>
#include <span>

#include "control/protocol.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"

namespace namegate::daemon {

// {time, kind: denied | logged | cut | limit | dns, endpoint, endpointId, interface, ...}; time is UTC (RFC 3339).
// Of packets: direction, protocol, localPort, remote, remotePort, rule, reason. Of DNS answers: name, addresses, server, opened.
control::Json view_event(Node& node, const ng_event& event, std::span<const std::uint8_t> payload);

}  // namespace namegate::daemon
