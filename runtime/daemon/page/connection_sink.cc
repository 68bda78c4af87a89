// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/connection_sink.h"

#include <optional>
#include <utility>

#include "dns/message.h"

namespace namegate::daemon {

namespace {

bool asks_for_address(std::uint16_t type) {
    return type == static_cast<std::uint16_t>(dns::RecordType::kA) || type == static_cast<std::uint16_t>(dns::RecordType::kAaaa);
}

}  // namespace

const policy::RuleOrigin* find_rule(const Node& node, std::uint32_t endpoint, bool ingress, std::size_t number) {
    const node::Programmed* programmed = node.programmer().find(endpoint);
    if (programmed == nullptr) {
        return nullptr;
    }
    const node::CompiledRef& compiled = programmed->compiled(ingress ? policy::Direction::kIngress : policy::Direction::kEgress);
    return compiled != nullptr && number < compiled->rules.size() ? &compiled->rules[number].origin : nullptr;
}

policy::RuleOrigin shortened(policy::RuleOrigin origin) {
    if (origin.text.size() > kRuleTextBytes) {
        origin.text.resize(kRuleTextBytes);
        origin.text += "...";
    }
    return origin;
}

bool ConnectionSink::wants(EventKind kind) const {
    return is_denial(kind) || kind == EventKind::kEndpointRemoved || (open_ && (kind == EventKind::kFlow || kind == EventKind::kDns));
}

void ConnectionSink::set_open(bool open) {
    open_ = open;
    if (!open) {
        staged_.clear();
    }
}

void ConnectionSink::take(const Event& event) {
    if (!event.endpoint) {
        return;
    }
    if (event.kind == EventKind::kEndpointRemoved) {
        connections_.forget(event.endpoint->id);
    } else if (const EventResponse* response = event.response(); response != nullptr) {
        take_response(event, *response);
    } else if (const EventPacket* packet = event.packet(); packet != nullptr) {
        take_packet(event, *packet);
    }
}

void ConnectionSink::take_packet(const Event& event, const EventPacket& packet) {
    ConnectionKey key;
    key.ingress = packet.ingress;
    key.protocol = packet.protocol;
    key.port = packet.destination_port();
    key.rule = packet.rule;
    key.reason = event.reason;
    if (packet.names.empty()) {
        key.address = packet.remote;
    } else {
        key.name = packet.names.back();
    }
    std::optional<policy::RuleOrigin> origin;
    if (is_denial(event.kind)) {
        key.seen = Seen::kDenied;
    } else if (auto staged = staged_.judge(event); staged && staged->error.empty() && !staged->allowed) {
        key.seen = Seen::kWouldBeDenied;
        key.rule = policy::short_name(staged->origin);
        origin = std::move(staged->origin);
    }
    Connection* made = connections_.note(event.endpoint->id, key, {packet.remote}, event.time);
    if (made == nullptr || key.rule.empty()) {
        return;
    }
    if (!origin && packet.rule_number) {
        if (const policy::RuleOrigin* known = find_rule(node_, event.endpoint->id, packet.ingress, *packet.rule_number)) {
            origin = *known;
        }
    }
    if (origin) {
        made->rule = shortened(std::move(*origin));
    }
}

void ConnectionSink::take_response(const Event& event, const EventResponse& response) {
    if (response.name.empty() || !asks_for_address(response.type)) {
        return;
    }
    ConnectionKey key;
    key.seen = Seen::kLookedUp;
    key.name = response.name;
    connections_.note(event.endpoint->id, key, response.addresses, event.time);
}

}  // namespace namegate::daemon
