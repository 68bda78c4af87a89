// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/denials.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "daemon/events/event.h"
#include "daemon/listings/counted_packet.h"
#include "daemon/listings/explain.h"
#include "daemon/listings/views.h"
#include "datapath/reader.h"
#include "datapath/reasons.h"
#include "dns/public_resolvers.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using endpoints::Record;
using policy::Destination;
using policy::Direction;

bool concerns(const Denial& denial, const Destination& wanted) {
    const EventPacket& packet = denial.packet;
    const bool same_host = wanted.address ? packet.remote == *wanted.address
                                          : std::find(packet.names.begin(), packet.names.end(), wanted.name) != packet.names.end();
    if (same_host && denial.kind == EventKind::kDnsRefused) {
        return true;  // without the name no packet goes there, whatever its port
    }
    if (!same_host || (wanted.protocol_given && packet.protocol != wanted.protocol)) {
        return false;
    }
    if (!wanted.port_given || policy::is_icmp(wanted.protocol)) {
        return true;  // the event does not have the ICMP type
    }
    // Without a protocol, the port of each that has ports: a client tries QUIC and TCP with the same number.
    return policy::has_ports(packet.protocol) && packet.destination_port() == wanted.port;
}

// By the name that the pod looked up, if there is one: that is what a rule should name.
Destination destination_of(const EventPacket& packet) {
    Destination out;
    if (packet.names.empty()) {
        out.address = packet.remote;
    } else {
        out.name = packet.names.back();
    }
    out.protocol = packet.protocol;
    out.port = packet.destination_port();
    out.port_given = true;
    return out;
}

// What the counter of this reason counts.
std::string help_of(const std::string& reason) {
    for (const datapath::ReasonInfo& one : datapath::reasons()) {
        if (one.name == reason) {
            return one.help;
        }
    }
    return reason;
}

// The rules admit the address; the name that the connection showed, or did not show, was denied.
api::VerdictNow name_verdict(const Denial& denial) {
    const EventPacket& packet = denial.packet;
    api::Texts advice;
    if (!packet.tls_name.empty()) {
        advice.push_back("if the pod may reach " + packet.tls_name + ", add it to the domains of a rule");
    } else if (denial.reason == datapath::reason_name(NG_R_TLS_NOT_TLS)) {
        advice.emplace_back("with the annotation namegate.dev/tls: verify, a rule lets what is not TLS pass");
    } else if (denial.reason == datapath::reason_name(NG_R_TLS_QUIC)) {
        advice.emplace_back("clients fall back to TCP; the annotation namegate.dev/quic: allow lets QUIC pass without a name");
    }
    return {packet.names.empty() ? packet.remote.to_string() : packet.names.back(), "denied", help_of(denial.reason), std::move(advice)};
}

// Of one endpoint, in both directions; each is read when a denial asks for it.
struct Explainers {
    Node& node;
    const Record& record;
    std::map<Direction, Result<EndpointExplainer>> made = {};

    Result<EndpointExplainer>& in(Direction direction) {
        const auto known = made.find(direction);
        return known != made.end() ? known->second
                                   : made.emplace(direction, EndpointExplainer::create(node, record, direction)).first->second;
    }
};

// What the rules in force say about the name of a refused query; empty: nothing can be said.
std::optional<api::VerdictNow> name_now(Explainers& explainers, const Denial& denial) {
    Destination destination = destination_of(denial.packet);
    if (denial.reason != datapath::reason_name(NG_R_QUERY_NAME)) {
        return api::VerdictNow{destination.host(), "denied", help_of(denial.reason), {}};
    }
    destination = Destination();
    destination.name = denial.packet.names.back();
    auto& explainer = explainers.in(Direction::kEgress);
    if (!explainer) {
        return std::nullopt;
    }
    const auto explained = explainer->explain(destination);
    if (!explained || explained->results.empty()) {
        return std::nullopt;
    }
    const api::ExplainResult& result = explained->results.front();
    return api::VerdictNow{destination.name, result.verdict, result.reason, result.advice};
}

// What the rules in force say about it now; empty: nothing can be said.
std::optional<api::VerdictNow> verdict_now(Explainers& explainers, const Denial& denial) {
    const EventPacket& packet = denial.packet;
    if (denial.kind == EventKind::kDnsRefused) {
        return name_now(explainers, denial);
    }
    if (denial.kind == EventKind::kDropped) {
        return api::VerdictNow{packet.remote.to_string(), "denied", help_of(denial.reason) + "; no policy decides this", {}};
    }
    if (denial.reason.starts_with("tls_")) {
        return name_verdict(denial);
    }
    if (policy::is_icmp(packet.protocol)) {
        return std::nullopt;  // the event does not have the type
    }
    const Destination destination = destination_of(packet);
    auto& explainer = explainers.in(packet.ingress ? Direction::kIngress : Direction::kEgress);
    if (!explainer) {
        return std::nullopt;
    }
    const auto explained = explainer->explain(destination);
    if (!explained || explained->results.empty()) {
        return std::nullopt;
    }
    const auto& results = explained->results;
    const auto own = std::find_if(results.begin(), results.end(),
                                  [address = packet.remote.to_string()](const api::ExplainResult& one) { return one.address == address; });
    const api::ExplainResult& result = own == results.end() ? results.front() : *own;
    api::Texts advice = result.advice;
    if (const std::string encrypted = dns::encrypted_dns(packet.remote, packet.protocol, packet.remote_port);
        !packet.ingress && !encrypted.empty()) {
        advice.insert(advice.begin(), "this is " + encrypted + ", where lookups open nothing: better let the pod use a trusted DNS server");
    }
    return api::VerdictNow{destination.host(), result.verdict, result.reason, std::move(advice)};
}

api::DenialItem item_of(const Denial& denial) {
    api::DenialItem out{counted_packet(denial, denial.packet.tier, denial.packet.rule), std::string(name_of(denial.kind)), denial.reason};
    if (denial.kind == EventKind::kDnsRefused) {
        out.protocol = "DNS";  // over UDP or TCP
        out.type = denial.query_type;
    }
    return out;
}

}  // namespace

Result<api::WhyReply> view_denials(Node& node, const Record& record, const std::vector<Denial>& denials,
                                   const std::optional<Destination>& destination) {
    NG_ASSIGN(const datapath::Stats stats, datapath::read_stats(node.datapath(), record.slot));
    api::WhyReply out;
    out.endpoint = endpoints::display_name(record);
    NG_ASSIGN(out.mode, mode_of(node, record));
    for (const ng_reason reason : datapath::kPolicyDenials) {
        out.denied_packets += stats[reason];
    }
    Explainers explainers{node, record};
    for (const Denial& denial : denials) {
        if (destination && !concerns(denial, *destination)) {
            continue;
        }
        api::DenialItem& item = out.entries.emplace_back(item_of(denial));
        if (out.entries.size() <= kExplainedDenials) {
            item.now = verdict_now(explainers, denial);
        }
    }
    return out;
}

}  // namespace namegate::daemon
