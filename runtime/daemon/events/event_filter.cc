// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/event_filter.h"

#include <algorithm>
#include <string>
#include <vector>

namespace namegate::daemon {

namespace {

bool has_name(const Event& event, const policy::DomainPattern& name) {
    const auto any = [&name](const std::vector<std::string>& names) {
        return std::any_of(names.begin(), names.end(), [&name](const std::string& one) { return name.matches(one); });
    };
    if (const EventPacket* packet = event.packet(); packet != nullptr) {
        return any(packet->names);
    }
    if (const EventAddress* address = event.address(); address != nullptr) {
        return any(address->names);
    }
    if (const EventQuery* query = event.query(); query != nullptr) {
        return name.matches(query->name);
    }
    const EventResponse* response = event.response();
    return response != nullptr && name.matches(response->name);
}

}  // namespace

bool EventFilter::matches_kind(EventKind kind) const {
    if (kind == EventKind::kDns) {
        return dns;
    }
    if (is_flow(kind)) {
        return flows;
    }
    if (is_of_address(kind)) {
        return addresses;
    }
    return denied ? is_refusal(kind) : !dns && !flows && !addresses;
}

bool EventFilter::matches(const Event& event) const {
    if (!matches_kind(event.kind)) {
        return false;
    }
    if (endpoint && (!event.endpoint || event.endpoint->id != *endpoint)) {
        return false;
    }
    if (!name_space.empty() && (!event.endpoint || event.endpoint->name_space != name_space)) {
        return false;
    }
    if (!pod.empty() && (!event.endpoint || event.endpoint->pod != pod)) {
        return false;
    }
    if (!rule.empty() && (event.packet() == nullptr || !event.packet()->rule.starts_with(rule))) {
        return false;
    }
    return !name || has_name(event, *name);
}

}  // namespace namegate::daemon
