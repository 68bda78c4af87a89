// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/recent_denials.h"

#include <algorithm>

#include "datapath/reasons.h"

namespace namegate::daemon {

namespace {

// Where the query went, as a packet whose name is that of the question; nullopt: it reached the network.
std::optional<EventPacket> packet_of(const Event& event) {
    const EventQuery& query = *event.query();
    if (event.reason == datapath::reason_name(NG_R_QUERY_LOGGED)) {
        return std::nullopt;
    }
    EventPacket out;
    out.remote = query.server;
    if (!query.name.empty()) {
        out.names.push_back(query.name);
    }
    return out;
}

}  // namespace

void RecentDenials::take(const Event& event) {
    if (event.kind == EventKind::kEndpointRemoved) {
        endpoints_.erase(event.endpoint->id);
        return;
    }
    const EventQuery* const query = event.query();
    const std::optional<EventPacket> packet = query == nullptr ? *event.packet() : packet_of(event);
    if (!packet) {
        return;
    }
    OfEndpoint& endpoint = endpoints_[event.endpoint->id];
    Denials& own = query == nullptr ? endpoint.packets : endpoint.queries;
    const std::uint16_t service = query == nullptr ? packet->destination_port() : query->type;
    const std::string& by = query == nullptr ? packet->rule : query->name;
    const Key key{event.kind, packet->ingress, packet->protocol, packet->remote, service, by, event.reason, packet->tls_name};
    const auto known = own.find(key);
    if (known == own.end() && own.size() >= per_endpoint_) {
        own.erase(std::min_element(own.begin(), own.end(),
                                   [](const auto& one, const auto& other) { return one.second.last_boot_ns < other.second.last_boot_ns; }));
    }
    Denial& denial = known == own.end() ? own[key] : known->second;
    if (denial.count++ == 0) {
        denial.kind = event.kind;
        denial.reason = event.reason;
        denial.first_time = event.time;
    }
    denial.packet = *packet;
    denial.query_type = query == nullptr || query->name.empty() ? std::nullopt : std::optional(query->type);
    denial.last_time = event.time;
    denial.last_boot_ns = event.boot_ns;
}

std::vector<Denial> RecentDenials::of(std::uint32_t endpoint) const {
    std::vector<Denial> out;
    if (const auto own = endpoints_.find(endpoint); own != endpoints_.end()) {
        for (const Denials* some : {&own->second.packets, &own->second.queries}) {
            for (const auto& entry : *some) {
                out.push_back(entry.second);
            }
        }
    }
    std::sort(out.begin(), out.end(), [](const Denial& one, const Denial& other) { return one.last_boot_ns > other.last_boot_ns; });
    return out;
}

}  // namespace namegate::daemon
