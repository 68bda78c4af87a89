// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/enrich.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "daemon/events/wall_clock.h"
#include "datapath/address.h"
#include "datapath/reasons.h"
#include "dns/message.h"

namespace namegate::daemon {

namespace {

// Null if the policy is no longer known.
const policy::RuleOrigin* origin_of(const Node& node, const ng_event& event) {
    const node::Programmed* programmed = node.programmer().find(event.endpoint);
    if (programmed == nullptr) {
        return nullptr;
    }
    const node::CompiledRef& policy =
        programmed->compiled(event.direction == NG_INGRESS ? policy::Direction::kIngress : policy::Direction::kEgress);
    return policy && event.rule < policy->rules.size() ? &policy->rules[event.rule].origin : nullptr;
}

// First those that the name cache has now, the one that the endpoint looked up last at the end; without any, the one it had.
std::vector<std::string> names_of(const Node& node, std::uint32_t endpoint, const IpAddress& remote) {
    std::vector<std::string> names = node.cache().names_of(endpoint, remote);
    if (names.empty()) {
        if (std::string name = node.name_history().name_of(endpoint, remote); !name.empty()) {
            names.push_back(std::move(name));
        }
    }
    return names;
}

EventPacket packet_of(const Node& node, const ng_event& event, std::span<const std::uint8_t> payload) {
    EventPacket out;
    out.ingress = event.direction == NG_INGRESS;
    out.protocol = event.protocol;
    out.remote = datapath::to_address(event.remote);
    out.remote_port = ntohs(event.be_remote_port);
    out.local_port = ntohs(event.be_local_port);
    if (const policy::RuleOrigin* origin = origin_of(node, event); origin != nullptr) {
        out.tier = origin->tier;
        out.rule = policy::short_name(*origin);
        out.rule_number = event.rule;
    }
    if (!out.ingress) {
        // Flows are many, and the name cache has no index of addresses.
        out.names =
            is_flow(kind_of(event)) ? node.name_history().names_of(event.endpoint, out.remote) : names_of(node, event.endpoint, out.remote);
    }
    if (event.kind == NG_EVENT_DENIED || event.kind == NG_EVENT_NAMED) {
        out.tls_name = shown_name(payload);
    } else if (event.kind == NG_EVENT_ENDED) {
        out.tls_name = node.shown_names().of_flow(event.endpoint, {out.remote, out.remote_port, out.local_port});
    }
    return out;
}

FlowEnding ending_of(std::uint32_t end) {
    switch (end) {
        case NG_ENDED_CLOSED: return FlowEnding::kClosed;
        case NG_ENDED_RESET: return FlowEnding::kReset;
        case NG_ENDED_IDLE: return FlowEnding::kIdle;
        case NG_ENDED_CUT: return FlowEnding::kCut;
        case NG_ENDED_REPLACED: return FlowEnding::kReplaced;
        default: return FlowEnding::kUnknown;
    }
}

EventFlow flow_of(const Node& node, const ng_event& event, const ng_flow_end& end) {
    EventFlow out;
    out.packet = packet_of(node, event, {});
    out.started = wall_time(end.started_ns, node.clock().boot_ns());
    out.duration_ns = event.boot_ns > end.started_ns ? event.boot_ns - end.started_ns : 0;
    out.packets_sent = end.packets[NG_EGRESS];
    out.bytes_sent = end.bytes[NG_EGRESS];
    out.packets_received = end.packets[NG_INGRESS];
    out.bytes_received = end.bytes[NG_INGRESS];
    out.ending = ending_of(end.end);
    return out;
}

// Adds what the message says.
EventResponse with_message(EventResponse out, std::span<const std::uint8_t> payload) {
    const auto message = dns::parse_message(payload);
    if (!message) {
        return out;
    }
    out.rcode = message->rcode;
    out.name = message->question.name;
    out.type = message->question.type;
    for (const dns::AnswerRecord& record : message->answers) {
        if (record.type != dns::RecordType::kCname) {
            out.addresses.push_back(record.address);
        }
    }
    return out;
}

EventQuery query_of(const ng_event& event, std::span<const std::uint8_t> payload) {
    EventQuery out;
    out.server = datapath::to_address(event.remote);
    if (const auto message = dns::parse_message(payload)) {
        out.name = message->question.name;
        out.type = message->question.type;
    }
    return out;
}

}  // namespace

EventKind kind_of(const ng_event& event) {
    switch (event.kind) {
        case NG_EVENT_DENIED: return EventKind::kDenied;
        case NG_EVENT_DROPPED: return EventKind::kDropped;
        case NG_EVENT_LOGGED: return EventKind::kLogged;
        case NG_EVENT_CUT: return EventKind::kCut;
        case NG_EVENT_LIMIT: return EventKind::kLimit;
        case NG_EVENT_QUERY: return EventKind::kDnsRefused;
        case NG_EVENT_FLOW: return EventKind::kFlow;
        case NG_EVENT_ENDED: return EventKind::kFlowEnded;
        case NG_EVENT_NAMED: return EventKind::kFlowNamed;
        default: return EventKind::kDns;
    }
}

std::string shown_name(std::span<const std::uint8_t> payload) { return printable(std::string(payload.begin(), payload.end())); }

ResponsePath path_of(const ng_event& event) { return event.kind == NG_EVENT_ANSWER ? ResponsePath::kKernel : ResponsePath::kUnlearned; }

std::optional<std::uint64_t> latency_of(const ng_event& event) {
    return event.waited == 0 ? std::nullopt : std::optional(std::uint64_t{event.waited} << NG_WAIT_SHIFT);
}

EventEndpoint event_endpoint(const endpoints::Record& record) {
    return {record.id, endpoints::display_name(record), record.pod_namespace, record.pod_name, record.host_ifname};
}

EventEndpoint event_endpoint(const RecordMap& records, std::uint32_t endpoint) {
    const auto record = records.find(endpoint);
    return record == records.end() ? EventEndpoint{endpoint, "", "", "", ""} : event_endpoint(record->second);
}

Event enrich(const Node& node, const ng_event& event, std::span<const std::uint8_t> payload) {
    Event out;
    out.kind = kind_of(event);
    out.boot_ns = event.boot_ns;
    out.time = wall_time(event.boot_ns, node.clock().boot_ns());
    out.endpoint = event_endpoint(node.records(), event.endpoint);
    if (event.reason != NG_R_NONE) {
        out.reason = datapath::reason_name(static_cast<ng_reason>(event.reason));
    }
    if (out.kind == EventKind::kDns) {
        const bool by_kernel = path_of(event) == ResponsePath::kKernel;
        out.detail = with_message(
            {datapath::to_address(event.remote), by_kernel, event.learnt, {}, "", 0, {}, latency_of(event), path_of(event)}, payload);
    } else if (out.kind == EventKind::kDnsRefused) {
        out.detail = query_of(event, payload);
    } else if (ng_flow_end end{}; out.kind == EventKind::kFlowEnded && payload.size() >= sizeof(end)) {
        std::memcpy(&end, payload.data(), sizeof(end));
        out.detail = flow_of(node, event, end);
    } else {
        out.detail = packet_of(node, event, payload);
    }
    return out;
}

Event enrich(const Node& node, const FrameResponse& response) {
    Event out;
    out.kind = EventKind::kDns;
    out.boot_ns = response.boot_ns;
    out.time = wall_time(response.boot_ns, node.clock().boot_ns());
    out.endpoint = event_endpoint(node.records(), response.endpoint);
    const bool by_kernel = response.path == ResponsePath::kKernel;
    out.detail =
        with_message({response.server, by_kernel, response.opened, {}, "", 0, {}, response.latency_ns, response.path}, response.payload);
    return out;
}

Event enrich(const Node& node, const endpoints::Record& record, const AddressChange& change) {
    const std::uint64_t now = node.clock().boot_ns();
    Event out;
    out.kind = change.kind;
    out.boot_ns = change.boot_ns;
    out.time = wall_time(change.boot_ns, now);
    out.endpoint = event_endpoint(record);
    out.detail = EventAddress{change.address, names_of(node, record.id, change.address), wall_time(change.expiry_boot_ns, now)};
    return out;
}

}  // namespace namegate::daemon
