// SPDX-License-Identifier: Apache-2.0
#include "daemon/flow_log/ecs_line.h"

#include <array>
#include <optional>

#include "daemon/json_text.h"
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
    {EventKind::kDropped, R"(["network"])", R"(["connection","denied"])", "failure"},
    {EventKind::kLogged, R"(["network"])", R"(["connection","info"])", "unknown"},
    {EventKind::kLimit, R"(["network"])", R"(["info"])", "unknown"},
    {EventKind::kDnsRefused, R"(["network"])", R"(["protocol","denied"])", "failure"},
    {EventKind::kFlow, R"(["network"])", R"(["connection","start","allowed"])", "success"},
    {EventKind::kFlowEnded, R"(["network"])", R"(["connection","end","allowed"])", "success"},
    {EventKind::kFlowNamed, R"(["network"])", R"(["connection","info","allowed"])", "success"},
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

void begin(JsonText& line, std::string_view time) {
    line.field("@timestamp", time);
    line.open_object("ecs");
    line.field("version", kEcsVersion);
    line.close_object();
}

void begin_event(JsonText& line, std::string_view action) {
    line.open_object("event");
    line.field("kind", "event");
    line.field("action", action);
    line.field("module", "namegate");
    line.field("dataset", "namegate.flow");
}

void end_event(JsonText& line, std::string_view host) {
    line.close_object();
    line.open_object("host");
    line.field("name", host);
    line.close_object();
}

void add_event(JsonText& line, const Event& event, std::string_view host) {
    begin_event(line, name_of(event.kind));
    const Category& category = kCategories.at(static_cast<std::size_t>(event.kind));
    line.raw("category", category.category);
    line.raw("type", category.type);
    line.field("outcome", category.outcome);
    if (!event.reason.empty()) {
        line.field("reason", event.reason);
    }
    if (const EventFlow* flow = event.flow(); flow != nullptr) {
        line.field("start", flow->started);
        line.field("end", event.time);
        line.field("duration", flow->duration_ns);
    } else if (event.response() != nullptr && event.response()->latency_ns) {
        line.field("duration", *event.response()->latency_ns);
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

void add_side(JsonText& line, const Side& side, bool counted) {
    line.open_object(side.key);
    if (!side.address.empty()) {
        line.field("ip", side.address);
    }
    if (side.port) {
        line.field("port", *side.port);
    }
    if (!side.domain.empty()) {
        line.field("domain", side.domain);
    }
    if (counted) {
        line.field("packets", side.packets);
        line.field("bytes", side.bytes);
    }
    line.close_object();
}

void add_network(JsonText& line, const EventPacket& packet, const EventFlow* flow) {
    line.open_object("network");
    if (const std::string_view transport = transport_of(packet.protocol); !transport.empty()) {
        line.field("transport", transport);
    }
    line.field("iana_number", std::to_string(packet.protocol));
    line.field("type", packet.remote.is_v4() ? "ipv4" : "ipv6");
    line.field("direction", packet.ingress ? "ingress" : "egress");
    if (flow != nullptr) {
        line.field("packets", flow->packets_sent + flow->packets_received);
        line.field("bytes", flow->bytes_sent + flow->bytes_received);
    }
    line.close_object();
}

void add_packet(JsonText& line, const EventPacket& packet, const EventFlow* flow, const EndpointText* endpoint) {
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
    if (!packet.tls_name.empty()) {
        line.open_object("tls").open_object("client");
        line.field("server_name", packet.tls_name);
        line.close_object().close_object();
    }
    if (!packet.rule.empty()) {
        line.open_object("rule");
        line.field("name", packet.rule);
        line.field("ruleset", packet.tier);
        line.close_object();
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

void add_server(JsonText& line, const IpAddress& address, const EndpointText* endpoint) {
    const std::string server = address.to_string();
    const std::string_view pod = endpoint == nullptr ? std::string_view() : address.is_v4() ? endpoint->v4 : endpoint->v6;
    add_side(line, {"source", pod, std::nullopt, {}}, false);
    add_side(line, {"destination", server, std::nullopt, {}}, false);
    line.open_object("network");
    line.field("protocol", "dns");
    line.field("type", address.is_v4() ? "ipv4" : "ipv6");
    line.field("direction", "egress");
    line.close_object();
}

void add_question(JsonText& line, const std::string& name, std::uint16_t type) {
    line.open_object("question");
    line.field("name", name);
    line.field("type", type_text(type));
    line.close_object();
}

void add_query(JsonText& line, const EventQuery& query, const EndpointText* endpoint) {
    add_server(line, query.server, endpoint);
    if (query.name.empty()) {
        return;
    }
    line.open_object("dns");
    line.field("type", "query");
    add_question(line, query.name, query.type);
    line.close_object();
}

void add_response(JsonText& line, const EventResponse& response, const EndpointText* endpoint) {
    add_server(line, response.server, endpoint);
    if (!response.rcode) {
        return;
    }
    line.open_object("dns");
    line.field("type", "answer");
    add_question(line, response.name, response.type);
    line.field("response_code", rcode_text(*response.rcode));
    line.list("resolved_ip", response.addresses, kMaxLoggedAddresses, [](const IpAddress& address) { return address.to_string(); });
    line.close_object();
}

// The pod may reach the address, so it is the destination.
void add_address(JsonText& line, const EventAddress& address, const EndpointText* endpoint) {
    const std::string text = address.address.to_string();
    const bool v4 = address.address.is_v4();
    const std::string_view pod = endpoint == nullptr ? std::string_view() : v4 ? endpoint->v4 : endpoint->v6;
    add_side(line, {"source", pod, std::nullopt, {}}, false);
    add_side(line, {"destination", text, std::nullopt, address.names.empty() ? std::string_view() : address.names.back()}, false);
    line.open_object("network");
    line.field("type", v4 ? "ipv4" : "ipv6");
    line.field("direction", "egress");
    line.close_object();
}

void add_text(JsonText& line, const EventText& text) {
    line.field("message", text.text);
    if (!text.file.empty()) {
        line.open_object("file");
        line.field("path", text.file);
        line.close_object();
    }
}

void add_own(JsonText& line, const Event& event, const EndpointText* endpoint) {
    line.open_object("namegate");
    line.field("version", kFlowLogVersion);
    if (endpoint != nullptr) {
        line.raw("endpoint", endpoint->own);
    } else if (event.endpoint) {
        line.open_object("endpoint");
        line.field("id", event.endpoint->id);
        if (!event.endpoint->name.empty()) {
            line.field("name", event.endpoint->name);
        }
        line.close_object();
    }
    if (const EventPacket* packet = event.packet(); packet != nullptr && !packet->names.empty()) {
        line.list("names", packet->names, kMaxLoggedNames, [](const std::string& name) -> const std::string& { return name; });
    }
    if (const EventAddress* address = event.address(); address != nullptr) {
        line.list("names", address->names, kMaxLoggedNames, [](const std::string& name) -> const std::string& { return name; });
        line.field("expires", address->expires);
    }
    if (const EventFlow* flow = event.flow(); flow != nullptr && flow->ending != FlowEnding::kUnknown) {
        line.field("end", name_of(flow->ending));
    }
    if (const EventResponse* response = event.response(); response != nullptr) {
        line.open_object("dns");
        line.field("opened", response->opened);
        line.field("by", response->by_kernel ? "kernel" : "daemon");
        if (response->path) {
            line.field("path", name_of(*response->path));
        }
        line.close_object();
    }
    line.close_object();
}

}  // namespace

void append_line(std::string& out, const Event& event, std::string_view host, const EndpointText* endpoint) {
    JsonText line(out);
    line.open_object();
    begin(line, event.time);
    add_event(line, event, host);
    if (const EventPacket* packet = event.packet(); packet != nullptr) {
        add_packet(line, *packet, event.flow(), endpoint);
    } else if (const EventResponse* response = event.response(); response != nullptr) {
        add_response(line, *response, endpoint);
    } else if (const EventQuery* query = event.query(); query != nullptr) {
        add_query(line, *query, endpoint);
    } else if (const EventAddress* address = event.address(); address != nullptr) {
        add_address(line, *address, endpoint);
    } else if (const EventText* text = event.text(); text != nullptr) {
        add_text(line, *text);
    }
    if (endpoint != nullptr) {
        line.raw(endpoint->objects);
    }
    add_own(line, event, endpoint);
    line.close_object().end_line();
}

void append_lost_line(std::string& out, std::string_view time, std::string_view host, std::uint64_t lost) {
    JsonText line(out);
    line.open_object();
    begin(line, time);
    begin_event(line, "lost");
    end_event(line, host);
    line.field("message", std::to_string(lost) + " lines are missing here");
    line.open_object("namegate");
    line.field("version", kFlowLogVersion);
    line.field("lost", lost);
    line.close_object();
    line.close_object().end_line();
}

}  // namespace namegate::daemon
