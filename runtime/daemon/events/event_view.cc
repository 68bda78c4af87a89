// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/event_view.h"

#include <arpa/inet.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "datapath/address.h"
#include "datapath/reasons.h"
#include "dns/message.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using api::Json;

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kMsNs = 1'000'000;

const char* kind_name(std::uint16_t kind) {
    switch (kind) {
        case NG_EVENT_DENIED: return "denied";
        case NG_EVENT_LOGGED: return "logged";
        case NG_EVENT_CUT: return "cut";
        case NG_EVENT_LIMIT: return "limit";
        default: return "dns";
    }
}

// Converts a time of the boot clock to wall-clock time.
std::string wall_time(std::uint64_t boot_ns, std::uint64_t boot_now_ns) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const std::uint64_t now_ns = static_cast<std::uint64_t>(now.tv_sec) * kSecondNs + static_cast<std::uint64_t>(now.tv_nsec);
    const std::uint64_t then_ns = now_ns - (boot_now_ns > boot_ns ? boot_now_ns - boot_ns : 0);
    const auto seconds = static_cast<std::time_t>(then_ns / kSecondNs);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03uZ", static_cast<unsigned>(then_ns % kSecondNs / kMsNs));
    return std::string(text.data(), length) + fraction.data();
}

// Empty when the policy is no longer known.
std::string rule_of(const Node& node, const ng_event& event) {
    const node::Programmed* programmed = node.programmer().find(event.endpoint);
    if (programmed == nullptr) {
        return {};
    }
    const node::CompiledRef& compiled =
        programmed->compiled(event.direction == NG_INGRESS ? policy::Direction::kIngress : policy::Direction::kEgress);
    if (!compiled || event.rule >= compiled->rules.size()) {
        return {};
    }
    return policy::short_name(compiled->rules[event.rule].origin);
}

// Adds the names that recently led the endpoint to the address, the address's owner first.
void add_names(Json& out, Node& node, const ng_event& event) {
    if (event.direction == NG_EGRESS) {
        if (std::vector<std::string> names = node.cache().names_of(event.endpoint, datapath::to_address(event.remote)); !names.empty()) {
            out["names"] = std::move(names);
        }
    }
}

void add_packet(Json& out, const Node& node, const ng_event& event) {
    out["direction"] = event.direction == NG_INGRESS ? "ingress" : "egress";
    out["protocol"] = policy::protocol_name(event.protocol);
    out["localPort"] = ntohs(event.be_local_port);
    out["remote"] = datapath::to_address(event.remote).to_string();
    out["remotePort"] = ntohs(event.be_remote_port);
    if (std::string rule = rule_of(node, event); !rule.empty()) {
        out["rule"] = std::move(rule);
    }
}

void add_response(Json& out, const ng_event& event, std::span<const std::uint8_t> payload) {
    out["server"] = datapath::to_address(event.remote).to_string();
    out["opened"] = event.learnt;
    const auto message = dns::parse_message(payload);
    if (!message) {
        return;
    }
    out["name"] = message->question.name;
    out["rcode"] = message->rcode;
    Json addresses = Json::array();
    for (const dns::AnswerRecord& record : message->answers) {
        if (record.type != dns::RecordType::kCname) {
            addresses.push_back(record.address.to_string());
        }
    }
    out["addresses"] = std::move(addresses);
}

}  // namespace

Json view_event(Node& node, const ng_event& event, std::span<const std::uint8_t> payload) {
    Json out{{"time", wall_time(event.boot_ns, node.clock().boot_ns())}, {"kind", kind_name(event.kind)}};
    out["endpointId"] = event.endpoint;
    if (const auto record = node.records().find(event.endpoint); record != node.records().end()) {
        out["endpoint"] = display_name(record->second);
        out["interface"] = record->second.host_ifname;
    }
    if (event.kind == NG_EVENT_ANSWER || event.kind == NG_EVENT_UNPARSED) {
        add_response(out, event, payload);
    } else {
        add_packet(out, node, event);
        add_names(out, node, event);
    }
    if (event.reason != NG_R_NONE) {
        out["reason"] = datapath::reason_name(static_cast<ng_reason>(event.reason));
    }
    return out;
}

}  // namespace namegate::daemon
