// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/event_json.h"

#include <algorithm>
#include <iterator>

#include "api/replies/codec.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using api::EventItem;

constexpr std::uint64_t kMsNs = 1'000'000;

template <typename Value>
void set_unless_empty(std::optional<Value>& out, const Value& value) {
    if (!value.empty()) {
        out = value;
    }
}

void add_endpoint(EventItem& out, const EventEndpoint& endpoint) {
    out.endpoint_id = endpoint.id;
    if (endpoint.name.empty()) {
        return;
    }
    out.endpoint = endpoint.name;
    out.interface = endpoint.interface;
    if (!endpoint.pod.empty()) {
        out.name_space = endpoint.name_space;
        out.pod = endpoint.pod;
    }
}

void add_packet(EventItem& out, const EventPacket& packet) {
    out.direction = packet.ingress ? "ingress" : "egress";
    out.protocol = policy::protocol_name(packet.protocol);
    out.local_port = packet.local_port;
    out.remote = packet.remote.to_string();
    out.remote_port = packet.remote_port;
    if (!packet.rule.empty()) {
        out.rule = packet.rule;
        out.tier = packet.tier;
    }
    set_unless_empty(out.names, packet.names);
    set_unless_empty(out.tls_name, packet.tls_name);
}

void add_end(EventItem& out, const EventFlow& flow) {
    out.started = flow.started;
    out.duration_ms = flow.duration_ns / kMsNs;
    out.packets_sent = flow.packets_sent;
    out.bytes_sent = flow.bytes_sent;
    out.packets_received = flow.packets_received;
    out.bytes_received = flow.bytes_received;
    if (flow.ending != FlowEnding::kUnknown) {
        out.end = name_of(flow.ending);
    }
}

void add_response(EventItem& out, const EventResponse& response) {
    out.server = response.server.to_string();
    out.opened = response.opened;
    out.by = response.by_kernel ? "kernel" : "daemon";
    if (response.latency_ns) {
        out.latency_ms = static_cast<double>(*response.latency_ns) / static_cast<double>(kMsNs);
    }
    if (response.path) {
        out.path = name_of(*response.path);
    }
    if (!response.rcode) {
        return;
    }
    out.name = response.name;
    out.type = response.type;
    out.rcode = *response.rcode;
    std::transform(response.addresses.begin(), response.addresses.end(), std::back_inserter(out.addresses.emplace()),
                   [](const IpAddress& address) { return address.to_string(); });
}

void add_query(EventItem& out, const EventQuery& query) {
    out.server = query.server.to_string();
    if (!query.name.empty()) {
        out.name = query.name;
        out.type = query.type;
    }
}

void add_address(EventItem& out, const EventAddress& address) {
    out.address = address.address.to_string();
    set_unless_empty(out.names, address.names);
    out.expires = address.expires;
}

}  // namespace

EventItem event_item(const Event& event) {
    EventItem out;
    out.format_version = kEventVersion;
    out.time = event.time;
    out.kind = name_of(event.kind);
    if (event.endpoint) {
        add_endpoint(out, *event.endpoint);
    }
    if (const EventPacket* packet = event.packet(); packet != nullptr) {
        add_packet(out, *packet);
        if (const EventFlow* flow = event.flow(); flow != nullptr) {
            add_end(out, *flow);
        }
    } else if (const EventResponse* response = event.response(); response != nullptr) {
        add_response(out, *response);
    } else if (const EventQuery* query = event.query(); query != nullptr) {
        add_query(out, *query);
    } else if (const EventAddress* address = event.address(); address != nullptr) {
        add_address(out, *address);
    } else if (const EventText* text = event.text(); text != nullptr) {
        out.text = text->text;
        set_unless_empty(out.file, text->file);
    }
    set_unless_empty(out.reason, event.reason);
    return out;
}

api::Json event_json(const Event& event) { return api::to_json(event_item(event)); }

}  // namespace namegate::daemon
