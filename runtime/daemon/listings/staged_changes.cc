// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/staged_changes.h"

#include <utility>

#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

api::StagedChange item_of(const StagedEntry& entry) {
    const EventPacket& packet = entry.packet;
    api::StagedChange out;
    out.endpoint = entry.endpoint.name;
    out.verdict = entry.would_allow ? "allowed" : "denied";
    out.count = entry.count;
    out.first_time = entry.first_time;
    out.last_time = entry.last_time;
    out.direction = packet.ingress ? "ingress" : "egress";
    out.protocol = policy::protocol_name(packet.protocol);
    out.remote = packet.remote.to_string();
    out.remote_port = packet.remote_port;
    out.local_port = packet.local_port;
    out.names = packet.names;
    out.tier = entry.origin.tier;
    out.rule = policy::short_name(entry.origin);
    out.file = entry.origin.file;
    out.line = entry.origin.line;
    return out;
}

}  // namespace

api::StagedReply view_staged_changes(const StagedWatch& staged, std::optional<std::uint32_t> endpoint) {
    const StagedReport& report = staged.report();
    api::StagedReply out{report.since(), staged.policies(), report.judged(), report.unjudged(), report.unlisted(), {}};
    for (const StagedEntry& entry : report.entries()) {
        if (!endpoint || entry.endpoint.id == *endpoint) {
            out.entries.push_back(item_of(entry));
        }
    }
    return out;
}

}  // namespace namegate::daemon
