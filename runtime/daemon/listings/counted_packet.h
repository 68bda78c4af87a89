// SPDX-License-Identifier: Apache-2.0
//
// Packets of one kind, from the events of them. Pure; one thread.
#pragma once

#include <string>
#include <utility>

#include "api/replies/counted_packet.h"
#include "daemon/events/event.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

// `folded`: a value with the last packet, a count, and the times of the first and the last one.
template <typename Folded>
api::CountedPacket counted_packet(const Folded& folded, std::string tier, std::string rule) {
    const EventPacket& packet = folded.packet;
    return {folded.count,
            folded.first_time,
            folded.last_time,
            packet.ingress ? "ingress" : "egress",
            policy::protocol_name(packet.protocol),
            packet.remote.to_string(),
            packet.remote_port,
            packet.local_port,
            packet.names,
            std::move(tier),
            std::move(rule),
            packet.tls_name.empty() ? std::nullopt : std::optional(packet.tls_name)};
}

}  // namespace namegate::daemon
