// SPDX-License-Identifier: Apache-2.0
//
// Makes events from what the programs report: adds the endpoint, the rule and the names. Reads the node's state; cannot fail: what is
// no longer known is left out. One thread: that of the event loop.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "daemon/dns/frame_response.h"
#include "daemon/events/event.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"

namespace namegate::daemon {

EventKind kind_of(const ng_event& event);
// Of a DNS response.
ResponsePath path_of(const ng_event& event);
// The TLS name in the payload of an event; empty: there is none.
std::string shown_name(std::span<const std::uint8_t> payload);
// From the query to the response; none: not known.
std::optional<std::uint64_t> latency_of(const ng_event& event);
Event enrich(const Node& node, const ng_event& event, std::span<const std::uint8_t> payload);
Event enrich(const Node& node, const FrameResponse& response);
// An address that opened or expired for an endpoint.
struct AddressChange {
    EventKind kind = EventKind::kAddressOpened;
    IpAddress address;
    std::uint64_t boot_ns = 0;         // when
    std::uint64_t expiry_boot_ns = 0;  // when the address expires, or did
};
Event enrich(const Node& node, const endpoints::Record& record, const AddressChange& change);
EventEndpoint event_endpoint(const endpoints::Record& record);
// Only with its id, if there is no record of it.
EventEndpoint event_endpoint(const RecordMap& records, std::uint32_t endpoint);

}  // namespace namegate::daemon
