// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/recent_denials.h"

#include <algorithm>

namespace namegate::daemon {

void RecentDenials::take(const Event& event) {
    if (event.kind == EventKind::kEndpointRemoved) {
        endpoints_.erase(event.endpoint->id);
        return;
    }
    const EventPacket& packet = *event.packet();
    Denials& own = endpoints_[event.endpoint->id];
    const Key key{event.kind, packet.ingress, packet.protocol, packet.remote, packet.destination_port(), packet.rule, event.reason};
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
    denial.packet = packet;
    denial.last_time = event.time;
    denial.last_boot_ns = event.boot_ns;
}

std::vector<Denial> RecentDenials::of(std::uint32_t endpoint) const {
    std::vector<Denial> out;
    if (const auto own = endpoints_.find(endpoint); own != endpoints_.end()) {
        for (const auto& entry : own->second) {
            out.push_back(entry.second);
        }
    }
    std::sort(out.begin(), out.end(), [](const Denial& one, const Denial& other) { return one.last_boot_ns > other.last_boot_ns; });
    return out;
}

}  // namespace namegate::daemon
