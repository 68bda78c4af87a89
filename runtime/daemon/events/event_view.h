// SPDX-License-Identifier: Apache-2.0
//
// One event of the datapath as JSON, for `namegatectl monitor`. Reads the node's state; cannot fail: what is not known any
// more is left out. One thread: that of the event loop.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "api/protocol.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"
#include "policy/compiler/compiled_policy.h"

namespace namegate::daemon {

// {time, kind: denied | logged | cut | limit | dns, endpoint, endpointId, interface, ...}; time is UTC (RFC 3339).
// Of packets: direction, protocol, localPort, remote, remotePort, rule, reason; what staged policies would say is not in it. Of DNS
// answers: name, addresses, server, opened.
api::Json view_event(Node& node, const ng_event& event, std::span<const std::uint8_t> payload);

// "default.allow-x[1]", "end of tier default: Deny".
std::string rule_name(const policy::RuleOrigin& origin);

}  // namespace namegate::daemon
