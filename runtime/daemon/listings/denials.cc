// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/denials.h"

#include <algorithm>
#include <string>
#include <utility>

#include "daemon/events/event.h"
#include "daemon/listings/explain.h"
#include "daemon/listings/views.h"
#include "datapath/reader.h"
#include "dns/public_resolvers.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using endpoints::Record;
using policy::Destination;
using policy::Direction;

bool concerns(const Denial& denial, const Destination& wanted) {
    const EventPacket& packet = denial.packet;
    const bool same_host = wanted.address ? packet.remote == *wanted.address
                                          : std::find(packet.names.begin(), packet.names.end(), wanted.name) != packet.names.end();
    if (!same_host || !wanted.port_given) {
        return same_host;
    }
    return packet.protocol == wanted.protocol && (!policy::has_ports(packet.protocol) || packet.destination_port() == wanted.port);
}

// By the name that the pod looked up, if there is one: that is what a rule should name.
Destination destination_of(const EventPacket& packet) {
    Destination out;
    if (packet.names.empty()) {
        out.address = packet.remote;
    } else {
        out.name = packet.names.back();
    }
    out.protocol = packet.protocol;
    out.port = packet.destination_port();
    out.port_given = true;
    return out;
}

// What the rules in force say about it now; empty: nothing can be said.
std::optional<api::VerdictNow> verdict_now(Node& node, const Record& record, const EventPacket& packet) {
    if (policy::is_icmp(packet.protocol)) {
        return std::nullopt;  // the event does not have the type
    }
    const Destination destination = destination_of(packet);
    const auto explained = view_explanation(node, record, destination, packet.ingress ? Direction::kIngress : Direction::kEgress);
    if (!explained || explained->results.empty()) {
        return std::nullopt;
    }
    const auto& results = explained->results;
    const auto own = std::find_if(results.begin(), results.end(),
                                  [address = packet.remote.to_string()](const api::ExplainResult& one) { return one.address == address; });
    const api::ExplainResult& result = own == results.end() ? results.front() : *own;
    api::Texts advice = result.advice;
    if (const std::string encrypted = dns::encrypted_dns(packet.remote, packet.protocol, packet.remote_port);
        !packet.ingress && !encrypted.empty()) {
        advice.insert(advice.begin(), "this is " + encrypted + ", where lookups open nothing: better let the pod use a trusted DNS server");
    }
    return api::VerdictNow{destination.host(), result.verdict, result.reason, std::move(advice)};
}

api::DenialItem item_of(const Denial& denial) {
    const EventPacket& packet = denial.packet;
    api::DenialItem out;
    out.kind = name_of(denial.kind);
    out.count = denial.count;
    out.first_time = denial.first_time;
    out.last_time = denial.last_time;
    out.direction = packet.ingress ? "ingress" : "egress";
    out.protocol = policy::protocol_name(packet.protocol);
    out.remote = packet.remote.to_string();
    out.remote_port = packet.remote_port;
    out.local_port = packet.local_port;
    out.names = packet.names;
    out.tier = packet.tier;
    out.rule = packet.rule;
    out.reason = denial.reason;
    return out;
}

}  // namespace

Result<api::WhyReply> view_denials(Node& node, const Record& record, const std::vector<Denial>& denials,
                                   const std::optional<Destination>& destination) {
    NG_ASSIGN(const datapath::Stats stats, datapath::read_stats(node.datapath(), record.slot));
    api::WhyReply out;
    out.endpoint = endpoints::display_name(record);
    NG_ASSIGN(out.mode, mode_of(node, record));
    out.denied_packets = stats[NG_R_DENIED] + stats[NG_R_CUT];
    for (const Denial& denial : denials) {
        if (destination && !concerns(denial, *destination)) {
            continue;
        }
        api::DenialItem& item = out.entries.emplace_back(item_of(denial));
        if (out.entries.size() <= kExplainedDenials) {
            item.now = verdict_now(node, record, denial.packet);
        }
    }
    return out;
}

}  // namespace namegate::daemon
