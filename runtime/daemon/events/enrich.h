// SPDX-License-Identifier: Apache-2.0
//
// Makes events from what the programs report: adds the endpoint, the rule and the names. Reads the node's state; cannot fail: what is
// no longer known is left out. One thread: that of the event loop.
#pragma once

#include <cstdint>
#include <span>

#include "daemon/events/event.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"

namespace namegate::daemon {

EventKind kind_of(const ng_event& event);
Event enrich(const Node& node, const ng_event& event, std::span<const std::uint8_t> payload);
EventEndpoint event_endpoint(const endpoints::Record& record);
// Only with its id, if there is no record of it.
EventEndpoint event_endpoint(const RecordMap& records, std::uint32_t endpoint);

}  // namespace namegate::daemon
