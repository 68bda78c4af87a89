// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/denials.h"

#include <algorithm>
#include <string>
#include <utility>

#include "daemon/events/event.h"
#include "daemon/listings/explain.h"
#include "daemon/listings/views.h"
#include "datapath/reader.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using api::Json;
using endpoints::Record;
using policy::Destination;
using policy::Direction;

bool concerns(const Denial& denial, const Destination& wanted) {
    const EventPacket& packet = denial.packet;
    const bool same_host = wanted.address ? packet.remote == *wanted.address
                                          : std::find(packet.names.begin(), packet.names.end(), wanted.name) != packet.names.end();
    if (!same_host || !wanted.port_given) {
        return same_host;
    }
    return packet.protocol == wanted.protocol && (!policy::has_ports(packet.protocol) || packet.destination_port() == wanted.port);
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

// What the rules in force say about it now; null: nothing can be said.
Json verdict_now(Node& node, const Record& record, const EventPacket& packet) {
    if (policy::is_icmp(packet.protocol)) {
        return nullptr;  // the event does not have the type
    }
    const Destination destination = destination_of(packet);
    const auto explained = view_explanation(node, record, destination, packet.ingress ? Direction::kIngress : Direction::kEgress);
    if (!explained || !(*explained)["results"].is_array() || (*explained)["results"].empty()) {
        return nullptr;
    }
    const Json& results = (*explained)["results"];
    const auto own = std::find_if(results.begin(), results.end(),
                                  [&packet](const Json& one) { return one.value("address", std::string()) == packet.remote.to_string(); });
    const Json& result = own == results.end() ? results.front() : *own;
    return {
        {"destination", destination.host()}, {"verdict", result["verdict"]}, {"reason", result["reason"]}, {"advice", result["advice"]}};
}

Json entry_of(const Denial& denial) {
    const EventPacket& packet = denial.packet;
    return {{"kind", name_of(denial.kind)},
            {"count", denial.count},
            {"firstTime", denial.first_time},
            {"lastTime", denial.last_time},
            {"direction", packet.ingress ? "ingress" : "egress"},
            {"protocol", policy::protocol_name(packet.protocol)},
            {"remote", packet.remote.to_string()},
            {"remotePort", packet.remote_port},
            {"localPort", packet.local_port},
            {"names", packet.names},
            {"tier", packet.tier},
            {"rule", packet.rule},
            {"reason", denial.reason}};
}

}  // namespace

Result<Json> view_denials(Node& node, const Record& record, const std::vector<Denial>& denials,
                          const std::optional<Destination>& destination) {
    NG_ASSIGN(const std::string mode, mode_of(node, record));
    NG_ASSIGN(const datapath::Stats stats, datapath::read_stats(node.datapath(), record.slot));
    Json entries = Json::array();
    for (const Denial& denial : denials) {
        if (destination && !concerns(denial, *destination)) {
            continue;
        }
        Json entry = entry_of(denial);
        entry["now"] = entries.size() < kExplainedDenials ? verdict_now(node, record, denial.packet) : Json(nullptr);
        entries.push_back(std::move(entry));
    }
    return Json{{"endpoint", endpoints::display_name(record)},
                {"mode", mode},
                {"deniedPackets", stats[NG_R_DENIED] + stats[NG_R_CUT]},
                {"entries", std::move(entries)}};
}

}  // namespace namegate::daemon
