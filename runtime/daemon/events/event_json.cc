// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/event_json.h"

#include <utility>

#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using api::Json;

constexpr std::uint64_t kMsNs = 1'000'000;

void add_endpoint(Json& out, const EventEndpoint& endpoint) {
    out["endpointId"] = endpoint.id;
    if (endpoint.name.empty()) {
        return;
    }
    out["endpoint"] = endpoint.name;
    out["interface"] = endpoint.interface;
    if (!endpoint.pod.empty()) {
        out["namespace"] = endpoint.name_space;
        out["pod"] = endpoint.pod;
    }
}

void add_packet(Json& out, const EventPacket& packet) {
    out["direction"] = packet.ingress ? "ingress" : "egress";
    out["protocol"] = policy::protocol_name(packet.protocol);
    out["localPort"] = packet.local_port;
    out["remote"] = packet.remote.to_string();
    out["remotePort"] = packet.remote_port;
    if (!packet.rule.empty()) {
        out["rule"] = packet.rule;
        out["tier"] = packet.tier;
    }
    if (!packet.names.empty()) {
        out["names"] = packet.names;
    }
}

void add_end(Json& out, const EventFlow& flow) {
    out["started"] = flow.started;
    out["durationMs"] = flow.duration_ns / kMsNs;
    out["packetsSent"] = flow.packets_sent;
    out["bytesSent"] = flow.bytes_sent;
    out["packetsReceived"] = flow.packets_received;
    out["bytesReceived"] = flow.bytes_received;
    if (flow.ending != FlowEnding::kUnknown) {
        out["end"] = name_of(flow.ending);
    }
}

void add_response(Json& out, const EventResponse& response) {
    out["server"] = response.server.to_string();
    out["opened"] = response.opened;
    out["by"] = response.by_kernel ? "kernel" : "daemon";
    if (response.latency_ns) {
        out["latencyMs"] = static_cast<double>(*response.latency_ns) / static_cast<double>(kMsNs);
    }
    if (response.path) {
        out["path"] = name_of(*response.path);
    }
    if (!response.rcode) {
        return;
    }
    out["name"] = response.name;
    out["type"] = response.type;
    out["rcode"] = *response.rcode;
    Json addresses = Json::array();
    for (const IpAddress& address : response.addresses) {
        addresses.push_back(address.to_string());
    }
    out["addresses"] = std::move(addresses);
}

void add_address(Json& out, const EventAddress& address) {
    out["address"] = address.address.to_string();
    if (!address.names.empty()) {
        out["names"] = address.names;
    }
    out["expires"] = address.expires;
}

}  // namespace

Json event_json(const Event& event) {
    Json out{{"formatVersion", kEventVersion}, {"time", event.time}, {"kind", name_of(event.kind)}};
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
    } else if (const EventAddress* address = event.address(); address != nullptr) {
        add_address(out, *address);
    } else if (const EventText* text = event.text(); text != nullptr) {
        out["text"] = text->text;
        if (!text->file.empty()) {
            out["file"] = text->file;
        }
    }
    if (!event.reason.empty()) {
        out["reason"] = event.reason;
    }
    return out;
}

}  // namespace namegate::daemon
