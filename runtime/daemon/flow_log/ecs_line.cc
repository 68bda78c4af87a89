// SPDX-License-Identifier: Apache-2.0
#include "daemon/flow_log/ecs_line.h"

#include <array>
#include <optional>

#include "daemon/flow_log/json_line.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

constexpr std::string_view kUnchanged = "";

// What the schema calls a kind.
struct Category {
    EventKind kind;
    std::string_view category;  // JSON, as the next one
    std::string_view type;
    std::string_view outcome;
};
constexpr std::array<Category, kEventKinds> kCategories = {{
    {EventKind::kDenied, R"(["network"])", R"(["connection","denied"])", "failure"},
    {EventKind::kCut, R"(["network"])", R"(["connection","end","denied"])", "failure"},
    {EventKind::kLogged, R"(["network"])", R"(["connection","info"])", "unknown"},
    {EventKind::kLimit, R"(["network"])", R"(["info"])", "unknown"},
    {EventKind::kFlow, R"(["network"])", R"(["connection","start","allowed"])", "success"},
    {EventKind::kFlowEnded, R"(["network"])", R"(["connection","end","allowed"])", "success"},
    {EventKind::kDns, R"(["network"])", R"(["protocol"])", "success"},
    {EventKind::kAddressOpened, R"(["network"])", R"(["info"])", "success"},
    {EventKind::kAddressExpired, R"(["network"])", R"(["info"])", "success"},
    {EventKind::kPolicies, R"(["configuration"])", R"(["change"])", "success"},
    {EventKind::kPolicyRefused, R"(["configuration"])", R"(["error"])", "failure"},
    {EventKind::kEndpointAdded, R"(["configuration"])", R"(["creation"])", "success"},
    {EventKind::kEndpointRemoved, R"(["configuration"])", R"(["deletion"])", "success"},
    {EventKind::kDaemonStarted, R"(["process"])", R"(["start"])", "success"},
    {EventKind::kDaemonStopping, R"(["process"])", R"(["end"])", "success"},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < kCategories.size(); ++i) {
        if (static_cast<std::size_t>(kCategories[i].kind) != i) {
            return false;
        }
    }
    return true;
}
static_assert(in_order());

void begin(JsonLine& line, std::string_view time) {
    line.text("@timestamp", time);
    line.open("ecs");
    line.text("version", kEcsVersion);
    line.close();
}

void begin_event(JsonLine& line, std::string_view action) {
    line.open("event");
    line.text("kind", "event");
    line.text("action", action);
    line.text("module", "namegate");
    line.text("dataset", "namegate.flow");
}

void end_event(JsonLine& line, std::string_view host) {
    line.close();
    line.open("host");
    line.text("name", host);
    line.close();
}

void add_event(JsonLine& line, const Event& event, std::string_view host) {
    begin_event(line, name_of(event.kind));
    const Category& category = kCategories.at(static_cast<std::size_t>(event.kind));
    line.raw("category", category.category);
    line.raw("type", category.type);
    line.text("outcome", category.outcome);
    if (!event.reason.empty()) {
        line.text("reason", event.reason);
    }
    if (const EventFlow* flow = event.flow(); flow != nullptr) {
        line.text("start", flow->started);
        line.text("end", event.time);
        line.number("duration", flow->duration_ns);
    } else if (event.response() != nullptr && event.response()->latency_ns) {
        line.number("duration", *event.response()->latency_ns);
    }
    end_event(line, host);
}

// "tcp", as IANA writes it; empty: it has no name.
std::string_view transport_of(std::uint8_t protocol) {
    switch (protocol) {
        case policy::kProtocolTcp: return "tcp";
        case policy::kProtocolUdp: return "udp";
        case policy::kProtocolIcmp: return "icmp";
        case policy::kProtocolIcmp6: return "ipv6-icmp";
        case policy::kProtocolSctp: return "sctp";
        case policy::kProtocolUdpLite: return "udplite";
        default: return kUnchanged;
    }
}

struct Side {
    std::string_view key;  // "source" or "destination"
    std::string_view address;
    std::optional<std::uint16_t> port;
    std::string_view domain;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

void add_side(JsonLine& line, const Side& side, bool counted) {
    line.open(side.key);
    if (!side.address.empty()) {
        line.text("ip", side.address);
    }
    if (side.port) {
        line.number("port", *side.port);
    }
    if (!side.domain.empty()) {
        line.text("domain", side.domain);
    }
    if (counted) {
        line.number("packets", side.packets);
        line.number("bytes", side.bytes);
    }
    line.close();
}

void add_network(JsonLine& line, const EventPacket& packet, const EventFlow* flow) {
    line.open("network");
    if (const std::string_view transport = transport_of(packet.protocol); !transport.empty()) {
        line.text("transport", transport);
    }
    line.text("iana_number", std::to_string(packet.protocol));
    line.text("type", packet.remote.is_v4() ? "ipv4" : "ipv6");
    line.text("direction", packet.ingress ? "ingress" : "egress");
    if (flow != nullptr) {
        line.number("packets", flow->packets_sent + flow->packets_received);
        line.number("bytes", flow->bytes_sent + flow->bytes_received);
    }
    line.close();
}

void add_packet(JsonLine& line, const EventPacket& packet, const EventFlow* flow, const EndpointText* endpoint) {
    const bool ports = policy::has_ports(packet.protocol) || packet.protocol == policy::kProtocolUdpLite;
    const auto port = [ports](std::uint16_t number) { return ports ? std::optional(number) : std::nullopt; };
    const std::string remote = packet.remote.to_string();
    Side pod{"source", {}, port(packet.local_port), {}};
    Side peer{"destination", remote, port(packet.remote_port), packet.names.empty() ? std::string_view() : packet.names.back()};
    if (endpoint != nullptr) {
        pod.address = packet.remote.is_v4() ? endpoint->v4 : endpoint->v6;
    }
    if (flow != nullptr) {
        pod.packets = flow->packets_sent;
        pod.bytes = flow->bytes_sent;
        peer.packets = flow->packets_received;
        peer.bytes = flow->bytes_received;
    }
    // The source is the side that began the flow.
    if (packet.ingress) {
        std::swap(pod.key, peer.key);
    }
    add_side(line, packet.ingress ? peer : pod, flow != nullptr);
    add_side(line, packet.ingress ? pod : peer, flow != nullptr);
    add_network(line, packet, flow);
    if (!packet.rule.empty()) {
        line.open("rule");
        line.text("name", packet.rule);
        line.text("ruleset", packet.tier);
        line.close();
    }
}

std::string type_text(std::uint16_t type) {
    switch (type) {
        case 1: return "A";
        case 2: return "NS";
        case 5: return "CNAME";
        case 6: return "SOA";
        case 12: return "PTR";
        case 15: return "MX";
        case 16: return "TXT";
        case 28: return "AAAA";
        case 33: return "SRV";
        case 64: return "SVCB";
        case 65: return "HTTPS";
        default: return "TYPE" + std::to_string(type);  // RFC 3597
    }
}

std::string rcode_text(int rcode) {
    constexpr std::array<std::string_view, 11> kNames = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                                         "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
    return rcode >= 0 && static_cast<std::size_t>(rcode) < kNames.size() ? std::string(kNames[static_cast<std::size_t>(rcode)])
                                                                         : std::to_string(rcode);
}

void add_response(JsonLine& line, const EventResponse& response, const EndpointText* endpoint) {
    const std::string server = response.server.to_string();
    const std::string_view pod = endpoint == nullptr ? std::string_view() : response.server.is_v4() ? endpoint->v4 : endpoint->v6;
    add_side(line, {"source", pod, std::nullopt, {}}, false);
    add_side(line, {"destination", server, std::nullopt, {}}, false);
    line.open("network");
    line.text("protocol", "dns");
    line.text("type", response.server.is_v4() ? "ipv4" : "ipv6");
    line.text("direction", "egress");
    line.close();
    if (!response.rcode) {
        return;
    }
    line.open("dns");
    line.text("type", "answer");
    line.open("question");
    line.text("name", response.name);
    line.text("type", type_text(response.type));
    line.close();
    line.text("response_code", rcode_text(*response.rcode));
    line.texts("resolved_ip", response.addresses, kMaxLoggedAddresses, [](const IpAddress& address) { return address.to_string(); });
    line.close();
}

// The pod may reach the address, so it is the destination.
void add_address(JsonLine& line, const EventAddress& address, const EndpointText* endpoint) {
    const std::string text = address.address.to_string();
    const bool v4 = address.address.is_v4();
    const std::string_view pod = endpoint == nullptr ? std::string_view() : v4 ? endpoint->v4 : endpoint->v6;
    add_side(line, {"source", pod, std::nullopt, {}}, false);
    add_side(line, {"destination", text, std::nullopt, address.names.empty() ? std::string_view() : address.names.back()}, false);
    line.open("network");
    line.text("type", v4 ? "ipv4" : "ipv6");
    line.text("direction", "egress");
    line.close();
}

void add_text(JsonLine& line, const EventText& text) {
    line.text("message", text.text);
    if (!text.file.empty()) {
        line.open("file");
        line.text("path", text.file);
        line.close();
    }
}

void add_own(JsonLine& line, const Event& event, const EndpointText* endpoint) {
    line.open("namegate");
    line.number("version", kFlowLogVersion);
    if (endpoint != nullptr) {
        line.raw("endpoint", endpoint->own);
    } else if (event.endpoint) {
        line.open("endpoint");
        line.number("id", event.endpoint->id);
        if (!event.endpoint->name.empty()) {
            line.text("name", event.endpoint->name);
        }
        line.close();
    }
    if (const EventPacket* packet = event.packet(); packet != nullptr && !packet->names.empty()) {
        line.texts("names", packet->names, kMaxLoggedNames, [](const std::string& name) -> const std::string& { return name; });
    }
    if (const EventAddress* address = event.address(); address != nullptr) {
        line.texts("names", address->names, kMaxLoggedNames, [](const std::string& name) -> const std::string& { return name; });
        line.text("expires", address->expires);
    }
    if (const EventFlow* flow = event.flow(); flow != nullptr && flow->ending != FlowEnding::kUnknown) {
        line.text("end", name_of(flow->ending));
    }
    if (const EventResponse* response = event.response(); response != nullptr) {
        line.open("dns");
        line.number("opened", response->opened);
        line.text("by", response->by_kernel ? "kernel" : "daemon");
        if (response->path) {
            line.text("path", name_of(*response->path));
        }
        line.close();
    }
    line.close();
}

}  // namespace

void append_line(std::string& out, const Event& event, std::string_view host, const EndpointText* endpoint) {
    JsonLine line(out);
    begin(line, event.time);
    add_event(line, event, host);
    if (const EventPacket* packet = event.packet(); packet != nullptr) {
        add_packet(line, *packet, event.flow(), endpoint);
    } else if (const EventResponse* response = event.response(); response != nullptr) {
        add_response(line, *response, endpoint);
    } else if (const EventAddress* address = event.address(); address != nullptr) {
        add_address(line, *address, endpoint);
    } else if (const EventText* text = event.text(); text != nullptr) {
        add_text(line, *text);
    }
    if (endpoint != nullptr) {
        line.members(endpoint->objects);
    }
    add_own(line, event, endpoint);
    line.finish();
}

void append_lost_line(std::string& out, std::string_view time, std::string_view host, std::uint64_t lost) {
    JsonLine line(out);
    begin(line, time);
    begin_event(line, "lost");
    end_event(line, host);
    line.text("message", std::to_string(lost) + " lines are missing here");
    line.open("namegate");
    line.number("version", kFlowLogVersion);
    line.number("lost", lost);
    line.close();
    line.finish();
}

}  // namespace namegate::daemon
