// SPDX-License-Identifier: Apache-2.0
#include "api/explain.h"

#include <netinet/in.h>

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
constexpr const char* kQueriesDenied = "the policy denies the endpoint's DNS queries, so no name opens an address: allow them first";

bool is_dns_protocol(const ExplainFacts& facts) {
    const std::uint8_t protocol = facts.destination.protocol;
    return facts.direction == Direction::kEgress && (protocol == IPPROTO_UDP || protocol == IPPROTO_TCP);
}

bool is_trusted_server(const ExplainFacts& facts, const std::optional<IpAddress>& address) {
    const auto is_this = [&](const dns::TrustedServer& server) { return server.contains(*address, facts.destination.port); };
    return address && facts.trusted && is_dns_protocol(facts) && std::any_of(facts.trusted->begin(), facts.trusted->end(), is_this);
}

bool is_dns_query(const ExplainFacts& facts) {
    const policy::Destination& to = facts.destination;
    return to.address && is_dns_protocol(facts) && (to.port == dns::kDefaultDnsPort || is_trusted_server(facts, to.address));
}

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
    packet.tls_name = facts.destination.tls_name;
    packet.to_trusted_server = is_trusted_server(facts, target.address);
    input.is_dns_query = is_dns_query(facts);
    if (target.address) {
        packet.remote = *target.address;
    } else {
        packet.remote = v4 ? IpAddress::v4({0, 0, 0, 0}) : IpAddress();
        packet.outside_nets = true;
    }
    return input;
}

policy::ExplainInput query_to(const dns::TrustedServer& server) {
    policy::ExplainInput query;
    query.host = server.prefix.address().to_string();
    query.service = "UDP port " + std::to_string(server.port);
    query.packet.remote = server.prefix.address();
    query.packet.protocol = IPPROTO_UDP;
    query.packet.source_port = kClientPort;
    query.packet.destination_port = server.port;
    query.packet.to_trusted_server = true;
    query.is_dns_query = true;
    return query;
}

bool is_host(const IpPrefix& prefix) { return prefix.length() >= prefix.address().bits(); }

std::string text_of(const IpPrefix& prefix) { return is_host(prefix) ? prefix.address().to_string() : prefix.to_string(); }

// If the policy denies the endpoint's DNS queries: this, and what would allow them.
std::vector<std::string> steps_before_lookups(const ExplainFacts& facts) {
    if (!denies_queries(*facts.compiled, *facts.trusted)) {
        return {};
    }
    std::vector<std::string> out = advice_for_queries(*facts.compiled, *facts.trusted);
    out.insert(out.begin(), kQueriesDenied);
    return out;
}

// The advice for a denied packet. A name opens nothing while the queries for it are denied, so this is said first.
std::vector<std::string> advice_of(const ExplainFacts& facts, const policy::Explanation& explanation) {
    std::vector<std::string> out;
    if (is_dns_query(facts)) {
        out.push_back("these are the endpoint's DNS queries: while they are denied, it finds no name, and no name opens an address");
    } else if (facts.direction == Direction::kEgress && facts.trusted) {
        out = steps_before_lookups(facts);
    }
    out.insert(out.end(), explanation.advice.begin(), explanation.advice.end());
    return out;
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
    if (std::find(facts.without_room.begin(), facts.without_room.end(), name) != facts.without_room.end()) {
        return {"the endpoint has looked up " + name +
                    ", and its addresses found no room: raise limits.learntAddressesPerEndpoint, which is " +
                    std::to_string(facts.address_limit) + " (it takes effect when the maps are made), or name fewer domains",
                "then the endpoint has to look up " + name + " again"};
    }
    if (!facts.trusted) {
        return {"the endpoint has to look up " + name + " at a trusted DNS server"};
    }
    if (facts.trusted->empty()) {
        return {"no DNS server is trusted, so no lookup opens anything: set dnsTrustedServers",
                "then the endpoint has to look up " + name + " there"};
    }
    const std::string servers = listed(*facts.trusted, kShownServers, [](const dns::TrustedServer& server) { return server.to_string(); });
    std::vector<std::string> out = steps_before_lookups(facts);
    out.push_back("the endpoint has to look up " + name + " at " +
                  (facts.trusted->size() == 1 ? "the trusted server " : "one of the trusted servers ") + servers);
    if (!facts.untrusted.empty()) {
        out.push_back("its lookups went to " + untrusted_text(facts));
    }
    return out;
}

std::vector<ExplainStep> path_of(const CompiledPolicy& compiled, const policy::Explanation& explanation) {
    std::vector<ExplainStep> path;
    path.reserve(explanation.path.size());
    for (const policy::ExplainedRule& step : explanation.path) {
        path.push_back({rule_item(compiled.rules[step.rule], step.rule), step.matched, step.why});
    }
    return path;
}

const char* verdict_of(const policy::Explanation& explanation) {
    return explanation.after_lookup ? kAfterLookup : explanation.verdict.allowed ? kAllowed : kDenied;
}

bool is_allowed(const policy::Explanation& explanation) { return explanation.verdict.allowed && !explanation.after_lookup; }

std::optional<StagedVerdict> staged_verdict(const ExplainFacts& facts, const policy::ExplainInput& input) {
    if (facts.preview == nullptr) {
        return std::nullopt;
    }
    const policy::Explanation explanation = policy::explain(*facts.preview, input);
    return StagedVerdict{is_allowed(explanation), verdict_of(explanation), explanation.reason, path_of(*facts.preview, explanation)};
}

ExplainResult result_of(const ExplainFacts& facts, const ExplainTarget& target, bool v4) {
    const policy::ExplainInput input = input_of(facts, target, v4);
    ExplainResult out;
    out.address = target.address ? target.address->to_string() : "";
    out.family = input.packet.remote.is_v4() ? "IPv4" : "IPv6";
    out.names = target.names;
    out.patterns = target.patterns;
    if (facts.mode == "closed") {
        out.verdict = kDenied;
        out.reason = "the endpoint is closed: nothing passes until its policy is known";
        out.advice = {"see the error in: namegatectl endpoints"};
    } else if (facts.compiled == nullptr) {
        out.allowed = true;
        out.verdict = kAllowed;
        out.reason = "no policy selects the endpoint in this direction, so it is open";
    } else {
        const policy::Explanation explanation = policy::explain(*facts.compiled, input);
        out.allowed = is_allowed(explanation);
        out.verdict = verdict_of(explanation);
        out.reason = explanation.reason;
        out.advice = explanation.after_lookup ? steps_before(facts, target) : advice_of(facts, explanation);
        out.path = path_of(*facts.compiled, explanation);
    }
    out.staged = staged_verdict(facts, input);
    return out;
}

// Adds the results for a target whose address is unknown: one for both address families if they are equal, else one for each.
void add_unknown(const ExplainFacts& facts, const ExplainTarget& target, std::vector<ExplainResult>& results) {
    constexpr std::uint8_t kIcmp = 1;
    constexpr std::uint8_t kIcmp6 = 58;
    const std::uint8_t protocol = facts.destination.protocol;
    if (protocol == kIcmp || protocol == kIcmp6) {
        results.push_back(result_of(facts, target, protocol == kIcmp));
        return;
    }
    ExplainResult v4 = result_of(facts, target, true);
    ExplainResult v6 = result_of(facts, target, false);
    const bool equal = v4.verdict == v6.verdict && v4.path == v6.path && v4.staged == v6.staged;
    if (equal) {
        v4.family = "any";
    }
    results.push_back(std::move(v4));
    if (!equal) {
        results.push_back(std::move(v6));
    }
}

bool looks_at_source_port(const ExplainFacts& facts) { return facts.compiled != nullptr && !facts.compiled->source_ports.empty(); }

}  // namespace

bool denies_queries(const CompiledPolicy& compiled, const std::vector<dns::TrustedServer>& trusted) {
    return !trusted.empty() && std::none_of(trusted.begin(), trusted.end(), [&compiled](const dns::TrustedServer& server) {
        policy::PacketView query = query_to(server).packet;
        if (!is_host(server.prefix) || policy::evaluate(compiled, query).allowed) {
            return true;
        }
        query.protocol = IPPROTO_TCP;
        return policy::evaluate(compiled, query).allowed;
    });
}

std::vector<std::string> advice_for_queries(const CompiledPolicy& compiled, const std::vector<dns::TrustedServer>& trusted) {
    policy::ExplainInput query = query_to(trusted.front());
    // One rule can name the servers that have the port and the address family of the first one.
    for (const dns::TrustedServer& server : trusted) {
        const bool same_family = server.prefix.is_v4() == trusted.front().prefix.is_v4();
        if (same_family && server.port == trusted.front().port && query.nets.size() < kShownServers) {
            query.nets.push_back(text_of(server.prefix));
        }
    }
    return policy::explain(compiled, query).advice;
}

RuleItem rule_item(const policy::CompiledRule& rule, std::size_t number) {
    static constexpr std::array<const char*, 4> kActions = {"Deny", "Allow", "Pass", "Log"};
    const policy::RuleOrigin& origin = rule.origin;
    RuleItem out{number,
                 origin.tier,
                 origin.policy_kind,
                 origin.policy_name,
                 origin.rule_index,
                 kActions[static_cast<std::size_t>(rule.action)],
                 origin.text,
                 origin.file,
                 origin.line};
    if (rule.tls.binds()) {
        out.tls_names = policy::to_string(rule.tls.names);
        out.quic = policy::to_string(rule.tls.quic);
    }
    return out;
}

Result<> check_direction(const policy::Destination& destination, Direction direction) {
    if (direction == Direction::kIngress && !destination.address) {
        return Error(Code::kInvalidInput, "ingress needs the address that the packets come from: names open nothing in this direction");
    }
    if (direction == Direction::kIngress && destination.tls_name) {
        return Error(Code::kInvalidInput, "TLS names count only for egress");
    }
    return ok();
}

ExplainReply explain(const ExplainFacts& facts) {
    std::vector<ExplainTarget> targets = facts.targets;
    if (targets.empty()) {
        ExplainTarget itself;
        itself.address = facts.destination.address;
        if (!itself.address) {
            itself.looked_up = {facts.destination.name};
        }
        targets.push_back(std::move(itself));
    }
    std::vector<ExplainResult> results;
    for (const ExplainTarget& target : targets) {
        if (target.address) {
            results.push_back(result_of(facts, target, true));
        } else {
            add_unknown(facts, target, results);
        }
    }
    // The worst verdict of all results.
    const auto any = [&results](const char* verdict) {
        return std::any_of(results.begin(), results.end(), [verdict](const ExplainResult& result) { return result.verdict == verdict; });
    };
    const char* const verdict = any(kDenied) ? kDenied : any(kAfterLookup) ? kAfterLookup : kAllowed;
    Texts notes = facts.notes;
    if (!any(kAfterLookup) && any(kDenied) && !facts.untrusted.empty()) {
        notes.push_back("the endpoint's lookups went to " + untrusted_text(facts) + "; their responses open nothing");
    }
    if (looks_at_source_port(facts)) {
        notes.push_back("some rules match the source port; " + std::to_string(kClientPort) + " is assumed");
    }
    return {facts.endpoint,
            facts.mode,
            facts.direction == Direction::kEgress ? "egress" : "ingress",
            facts.destination.host(),
            facts.destination.service(),
            !facts.destination.port_given && facts.destination.port != 0,
            verdict == kAllowed,
            verdict,
            std::move(notes),
            std::move(results)};
}

}  // namespace namegate::api
