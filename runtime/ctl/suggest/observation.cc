// SPDX-License-Identifier: Apache-2.0
#include "ctl/suggest/observation.h"

#include <algorithm>
#include <utility>

#include "ctl/reply.h"
#include "policy/model/protocol.h"

namespace namegate::ctl {

namespace {

using api::Json;
using Kind = Observation::Kind;

std::optional<Kind> kind_of(const std::string& name) {
    if (name == "flow") {
        return Kind::kFlow;
    }
    if (name == "flow-ended") {
        return Kind::kFlowEnded;
    }
    if (name == "denied" || name == "cut") {
        return Kind::kDenied;
    }
    if (name == "dns") {
        return Kind::kLookup;
    }
    return name == "lost" ? std::optional(Kind::kLost) : std::nullopt;
}

std::optional<std::uint16_t> port_of(const Json& value) {
    const std::string digits = text_of(value);
    if (digits.empty()) {
        return std::uint16_t{0};
    }
    return is_count(value) && value.get<std::uint64_t>() <= UINT16_MAX ? std::optional(value.get<std::uint16_t>()) : std::nullopt;
}

std::vector<std::string> texts_of(const Json& list, std::size_t limit) {
    std::vector<std::string> out = items_of(list);
    out.resize(std::min(out.size(), limit));
    return out;
}

std::vector<IpAddress> addresses_of(const Json& list) {
    std::vector<IpAddress> out;
    for (const std::string& text : texts_of(list, kMaxObservedAddresses)) {
        if (const auto address = IpAddress::parse(text)) {
            out.push_back(*address);
        }
    }
    return out;
}

bool is_complete(const Observation& out) {
    switch (out.kind) {
        case Kind::kLost: return true;
        case Kind::kLookup: return !out.endpoint.empty() && !out.name.empty();
        default: return !out.endpoint.empty() && out.protocol != 0;
    }
}

// Keeps the last one: of a denial, the others may be names that CNAME records led through.
void keep_asked_names(Observation& out) {
    if (out.kind == Kind::kDenied && out.names.size() > 1) {
        out.names.erase(out.names.begin(), out.names.end() - 1);
    }
}

std::optional<Observation> read_event(const Json& line) {
    const auto kind = kind_of(text_of(line, "kind"));
    if (!kind) {
        return std::nullopt;
    }
    Observation out;
    out.kind = *kind;
    out.endpoint = text_of(line, "endpoint");
    out.name_space = text_of(line, "namespace");
    out.time = text_of(line, "time");
    out.lost = number_of(line, "count");
    const auto remote = IpAddress::parse(text_of(line, *kind == Kind::kLookup ? "server" : "remote"));
    const auto port = port_of(member(line, "remotePort"));
    if (*kind != Kind::kLost && (!remote || !port)) {
        return std::nullopt;
    }
    out.remote = remote ? *remote : IpAddress();
    out.port = port.value_or(0);
    out.ingress = text_of(line, "direction") == "ingress";
    out.protocol = policy::find_protocol(text_of(line, "protocol")).value_or(0);
    out.names = texts_of(member(line, "names"), kMaxObservedNames);
    out.rule = text_of(line, "rule");
    out.name = text_of(line, "name");
    out.addresses = addresses_of(member(line, "addresses"));
    keep_asked_names(out);
    return is_complete(out) ? std::optional(std::move(out)) : std::nullopt;
}

policy::Labels labels_of(const Json& list) {
    policy::Labels out;
    for (const std::string& text : items_of(list)) {
        const std::size_t colon = text.find(':');
        if (colon != std::string::npos) {
            out.emplace(text.substr(0, colon), text.substr(colon + 1));
        }
    }
    return out;
}

std::uint8_t protocol_number(const Json& network) {
    const std::string digits = text_of(network, "iana_number");
    return policy::find_protocol(digits).value_or(0);
}

std::optional<Observation> read_log_line(const Json& line) {
    const auto kind = kind_of(text_of(member(line, "event"), "action"));
    if (!kind) {
        return std::nullopt;
    }
    const Json& own = member(line, "namegate");
    const Json& orchestrator = member(line, "orchestrator");
    const Json& network = member(line, "network");
    Observation out;
    out.kind = *kind;
    out.endpoint = text_of(member(own, "endpoint"), "name");
    out.name_space = text_of(orchestrator, "namespace");
    out.time = text_of(line, "@timestamp");
    out.lost = number_of(own, "lost");
    if (const Json& labels = member(member(orchestrator, "resource"), "label"); labels.is_array()) {
        out.labels = labels_of(labels);
    }
    out.ingress = text_of(network, "direction") == "ingress";
    const Json& peer = member(line, out.ingress ? "source" : "destination");
    const auto remote = IpAddress::parse(text_of(peer, "ip"));
    const auto port = port_of(member(peer, "port"));
    if (*kind != Kind::kLost && (!remote || !port)) {
        return std::nullopt;
    }
    out.remote = remote ? *remote : IpAddress();
    out.port = port.value_or(0);
    out.protocol = protocol_number(network);
    out.names = texts_of(member(own, "names"), kMaxObservedNames);
    out.rule = text_of(member(line, "rule"), "name");
    const Json& dns = member(line, "dns");
    out.name = text_of(member(dns, "question"), "name");
    out.addresses = addresses_of(member(dns, "resolved_ip"));
    keep_asked_names(out);
    return is_complete(out) ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

std::optional<Observation> read_observation(const Json& line) {
    return member(line, "event").is_object() ? read_log_line(line) : read_event(line);
}

}  // namespace namegate::ctl
