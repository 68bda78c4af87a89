// SPDX-License-Identifier: Apache-2.0
#include "api/explain.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "base/listed.h"
#include "policy/compiler/explain.h"

namespace namegate::api {

namespace {

using policy::CompiledPolicy;
using policy::Direction;

// The start of the dynamic port range (RFC 6335), from which clients usually take source ports.
constexpr std::uint16_t kClientPort = 49152;
constexpr std::size_t kShownServers = 4;  // in one line
constexpr const char* kAllowed = "allowed";
constexpr const char* kDenied = "denied";
constexpr const char* kAfterLookup = "after lookup";

policy::ExplainInput input_of(const ExplainFacts& facts, const ExplainTarget& target, bool v4) {
    policy::ExplainInput input;
    input.host = facts.destination.host();
    input.service = facts.destination.service();
    input.by_name = !facts.destination.address;
    policy::PacketView& packet = input.packet;
    packet.protocol = facts.destination.protocol;
    packet.source_port = kClientPort;
    packet.destination_port = facts.destination.port;
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

// Whether the rules allow a query to a trusted server. Assumes so for a trusted network, because it is not known which of its
// addresses are servers.
bool may_query(const ExplainFacts& facts) {
    constexpr std::uint8_t kUdp = 17;
    return std::any_of(facts.trusted->begin(), facts.trusted->end(), [&](const dns::TrustedServer& server) {
        policy::PacketView query;
        query.remote = server.prefix.address();
        query.protocol = kUdp;
        query.source_port = kClientPort;
        query.destination_port = server.port;
        return server.prefix.length() < server.prefix.address().bits() || policy::evaluate(*facts.compiled, query).allowed;
    });
}

std::string untrusted_text(const ExplainFacts& facts) {
    const bool one = facts.untrusted.size() == 1;
    return listed(facts.untrusted, kShownServers, [](const IpAddress& server) { return server.to_string(); }) + ", which " +
           (one ? "is not trusted: add it to dnsTrustedServers if it is yours"
                : "are not trusted: add them to dnsTrustedServers if they are yours");
}

// What must happen before a name opens the address.
std::vector<std::string> steps_before(const ExplainFacts& facts, const ExplainTarget& target) {
    const std::string name = facts.destination.address ? target.looked_up.back() : facts.destination.name;
    if (!facts.trusted) {
        return {"the endpoint has to look up " + name + " at a trusted DNS server"};
    }
    if (facts.trusted->empty()) {
        return {"no DNS server is trusted, so no lookup opens anything: set dnsTrustedServers",
                "then the endpoint has to look up " + name + " there"};
    }
    const std::string servers = listed(*facts.trusted, kShownServers, [](const dns::TrustedServer& server) { return server.to_string(); });
    std::vector<std::string> out;
    if (!may_query(facts)) {
        out.push_back("no rule lets the endpoint query a trusted server: allow UDP to port 53 of " + servers);
    }
    out.push_back("the endpoint has to look up " + name + " at " +
                  (facts.trusted->size() == 1 ? "the trusted server " : "one of the trusted servers ") + servers);
    if (!facts.untrusted.empty()) {
        out.push_back("its lookups went to " + untrusted_text(facts));
    }
    return out;
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

const char* verdict_of(const policy::Explanation& explanation) {
    return explanation.after_lookup ? kAfterLookup : explanation.verdict.allowed ? kAllowed : kDenied;
}

bool is_allowed(const policy::Explanation& explanation) { return explanation.verdict.allowed && !explanation.after_lookup; }

Json staged_json(const ExplainFacts& facts, const policy::ExplainInput& input) {
    if (facts.preview == nullptr) {
        return nullptr;
    }
    const policy::Explanation explanation = policy::explain(*facts.preview, input);
    return {{"allowed", is_allowed(explanation)},
            {"verdict", verdict_of(explanation)},
            {"reason", explanation.reason},
            {"path", path_json(*facts.preview, explanation)}};
}

Json result_json(const ExplainFacts& facts, const ExplainTarget& target, bool v4) {
    const policy::ExplainInput input = input_of(facts, target, v4);
    Json out = {{"address", target.address ? target.address->to_string() : ""},
                {"family", input.packet.remote.is_v4() ? "IPv4" : "IPv6"},
                {"names", target.names},
                {"patterns", target.patterns}};
    if (facts.mode == "closed") {
        out.update({{"allowed", false},
                    {"verdict", kDenied},
                    {"reason", "the endpoint is closed: nothing passes until its policy is known"},
                    {"advice", {"see the error in: namegatectl endpoints"}},
                    {"path", Json::array()}});
    } else if (facts.compiled == nullptr) {
        out.update({{"allowed", true},
                    {"verdict", kAllowed},
                    {"reason", "no policy selects the endpoint in this direction, so it is open"},
                    {"advice", Json::array()},
                    {"path", Json::array()}});
    } else {
        const policy::Explanation explanation = policy::explain(*facts.compiled, input);
        out.update({{"allowed", is_allowed(explanation)},
                    {"verdict", verdict_of(explanation)},
                    {"reason", explanation.reason},
                    {"advice", explanation.after_lookup ? steps_before(facts, target) : explanation.advice},
                    {"path", path_json(*facts.compiled, explanation)}});
    }
    out["staged"] = staged_json(facts, input);
    return out;
}

// Adds the results for a target whose address is unknown: one for both address families if they are equal, else one for each.
void add_unknown(const ExplainFacts& facts, const ExplainTarget& target, Json& results) {
    constexpr std::uint8_t kIcmp = 1;
    constexpr std::uint8_t kIcmp6 = 58;
    const std::uint8_t protocol = facts.destination.protocol;
    Json v4 = protocol == kIcmp6 ? Json() : result_json(facts, target, true);
    Json v6 = protocol == kIcmp ? Json() : result_json(facts, target, false);
    if (v4.is_object() && v6.is_object() && v4["verdict"] == v6["verdict"] && v4["path"] == v6["path"] && v4["staged"] == v6["staged"]) {
        v4["family"] = "any";
        v6 = Json();
    }
    for (Json& result : std::array<Json, 2>{std::move(v4), std::move(v6)}) {
        if (result.is_object()) {
            results.push_back(std::move(result));
        }
    }
}

bool looks_at_source_port(const ExplainFacts& facts) { return facts.compiled != nullptr && !facts.compiled->source_ports.empty(); }

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

Json explain_json(const ExplainFacts& facts) {
    std::vector<ExplainTarget> targets = facts.targets;
    if (targets.empty()) {
        ExplainTarget itself;
        itself.address = facts.destination.address;
        if (!itself.address) {
            itself.looked_up = {facts.destination.name};
        }
        targets.push_back(std::move(itself));
    }
    Json results = Json::array();
    for (const ExplainTarget& target : targets) {
        if (target.address) {
            results.push_back(result_json(facts, target, true));
        } else {
            add_unknown(facts, target, results);
        }
    }
    // The worst verdict of all results.
    const auto any = [&results](const char* verdict) {
        return std::any_of(results.begin(), results.end(), [verdict](const Json& result) { return result["verdict"] == verdict; });
    };
    const char* const verdict = any(kDenied) ? kDenied : any(kAfterLookup) ? kAfterLookup : kAllowed;
    Json notes = facts.notes;
    if (!any(kAfterLookup) && any(kDenied) && !facts.untrusted.empty()) {
        notes.push_back("the endpoint's lookups went to " + untrusted_text(facts) + "; their responses open nothing");
    }
    if (looks_at_source_port(facts)) {
        notes.push_back("some rules match the source port; " + std::to_string(kClientPort) + " is assumed");
    }
    return {{"endpoint", facts.endpoint},
            {"mode", facts.mode},
            {"direction", facts.direction == Direction::kEgress ? "egress" : "ingress"},
            {"destination", facts.destination.host()},
            {"service", facts.destination.service()},
            {"assumed", !facts.destination.port_given && facts.destination.port != 0},
            {"allowed", verdict == kAllowed},
            {"verdict", verdict},
            {"notes", std::move(notes)},
            {"results", std::move(results)}};
}

}  // namespace namegate::api
