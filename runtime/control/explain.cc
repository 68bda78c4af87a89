// SPDX-License-Identifier: Apache-2.0
#include "control/explain.h"

#include <array>
#include <cstddef>
#include <utility>

#include "policy/explain.h"

namespace namegate::control {

namespace {

using policy::CompiledPolicy;
using policy::Direction;

// Source ports of clients are as a rule above the registered ones.
constexpr std::uint16_t kClientPort = 49152;

policy::ExplainInput input_of(const ExplainRequest& request, const ExplainTarget& target, bool v4) {
    policy::ExplainInput input;
    input.host = request.destination.host();
    input.service = request.destination.service();
    input.by_name = !request.destination.address;
    policy::PacketView& packet = input.packet;
    packet.protocol = request.destination.protocol;
    packet.source_port = kClientPort;
    packet.destination_port = request.destination.port;
    packet.names = target.looked_up;
    packet.patterns = target.patterns;
    if (target.address) {
        packet.remote = *target.address;
    } else {
        packet.remote = v4 ? IpAddress::v4({0, 0, 0, 0}) : IpAddress();
        packet.outside_nets = true;
    }
    return input;
}

Json path_json(const CompiledPolicy& compiled, const policy::Explanation& explanation) {
    Json path = Json::array();
    for (const policy::ExplainedRule& step : explanation.path) {
        Json rule = rule_json(compiled.rules[step.rule], step.rule);
        rule["matched"] = step.matched;
        rule["why"] = step.why;
        path.push_back(std::move(rule));
    }
    return path;
}

Json staged_json(const ExplainRequest& request, const policy::ExplainInput& input) {
    if (request.preview == nullptr) {
        return nullptr;
    }
    const policy::Explanation explanation = policy::explain(*request.preview, input);
    return {{"allowed", explanation.verdict.allowed}, {"reason", explanation.reason}, {"path", path_json(*request.preview, explanation)}};
}

Json result_json(const ExplainRequest& request, const ExplainTarget& target, bool v4) {
    const policy::ExplainInput input = input_of(request, target, v4);
    Json out = {{"address", target.address ? target.address->to_string() : ""},
                {"family", input.packet.remote.is_v4() ? "IPv4" : "IPv6"},
                {"names", target.names},
                {"patterns", target.patterns}};
    if (request.mode == "closed") {
        out.update({{"allowed", false},
                    {"reason", "the endpoint is closed: nothing passes until its policy is known"},
                    {"advice", {"see the error in: namegatectl endpoints"}},
                    {"path", Json::array()}});
    } else if (request.compiled == nullptr) {
        out.update({{"allowed", true},
                    {"reason", "no policy selects the endpoint in this direction, so it is open"},
                    {"advice", Json::array()},
                    {"path", Json::array()}});
    } else {
        const policy::Explanation explanation = policy::explain(*request.compiled, input);
        out.update({{"allowed", explanation.verdict.allowed},
                    {"reason", explanation.reason},
                    {"advice", explanation.advice},
                    {"path", path_json(*request.compiled, explanation)}});
    }
    out["staged"] = staged_json(request, input);
    return out;
}

// What was worked out for a target whose address is unknown holds for both families, where it is the same.
void add_unknown(const ExplainRequest& request, const ExplainTarget& target, Json& results) {
    constexpr std::uint8_t kIcmp = 1;
    constexpr std::uint8_t kIcmp6 = 58;
    const std::uint8_t protocol = request.destination.protocol;
    Json v4 = protocol == kIcmp6 ? Json() : result_json(request, target, true);
    Json v6 = protocol == kIcmp ? Json() : result_json(request, target, false);
    if (v4.is_object() && v6.is_object() && v4["path"] == v6["path"] && v4["staged"] == v6["staged"]) {
        v4["family"] = "any";
        v6 = Json();
    }
    for (Json& result : std::array<Json, 2>{std::move(v4), std::move(v6)}) {
        if (result.is_object()) {
            results.push_back(std::move(result));
        }
    }
}

bool looks_at_source_port(const ExplainRequest& request) { return request.compiled != nullptr && !request.compiled->source_ports.empty(); }

}  // namespace

Json rule_json(const policy::CompiledRule& rule, std::size_t number) {
    static constexpr std::array<const char*, 4> kActions = {"Deny", "Allow", "Pass", "Log"};
    const policy::RuleOrigin& origin = rule.origin;
    return {{"number", number},           {"tier", origin.tier},
            {"kind", origin.policy_kind}, {"policy", origin.policy_name},
            {"index", origin.rule_index}, {"action", kActions[static_cast<std::size_t>(rule.action)]},
            {"text", origin.text},        {"file", origin.file},
            {"line", origin.line}};
}

Result<> check_direction(const policy::Destination& destination, Direction direction) {
    if (direction == Direction::kIngress && !destination.address) {
        return Error(Code::kInvalidInput, "ingress needs the address that the packets come from: names open nothing in this direction");
    }
    return ok();
}

Json explain_json(const ExplainRequest& request) {
    std::vector<ExplainTarget> targets = request.targets;
    if (targets.empty()) {
        ExplainTarget itself;
        itself.address = request.destination.address;
        if (!itself.address) {
            itself.looked_up = {request.destination.name};
        }
        targets.push_back(std::move(itself));
    }
    Json results = Json::array();
    for (const ExplainTarget& target : targets) {
        if (target.address) {
            results.push_back(result_json(request, target, true));
        } else {
            add_unknown(request, target, results);
        }
    }
    bool allowed = true;
    for (const Json& result : results) {
        allowed = allowed && result["allowed"].get<bool>();
    }
    Json notes = request.notes;
    if (looks_at_source_port(request)) {
        notes.push_back("rules look at the source port; " + std::to_string(kClientPort) + " is taken for it");
    }
    return {{"endpoint", request.endpoint},
            {"mode", request.mode},
            {"direction", request.direction == Direction::kEgress ? "egress" : "ingress"},
            {"destination", request.destination.host()},
            {"service", request.destination.service()},
            {"assumed", !request.destination.port_given && request.destination.port != 0},
            {"allowed", allowed},
            {"notes", std::move(notes)},
            {"results", std::move(results)}};
}

}  // namespace namegate::control
