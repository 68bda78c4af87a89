// SPDX-License-Identifier: Apache-2.0
//
// The reply to `endpoints`. Values.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

struct EndpointItem {
    std::uint32_t id = 0;
    std::string endpoint;  // the name shown to people
    std::string container_id;
    std::string container_interface;
    std::string interface;
    std::string network;
    std::string attached;  // "first" or "chained"
    Texts addresses;
    TextMap labels;
    TextMap annotations;
    Texts dns_servers;
    std::string mode;  // "open", "enforced" or "closed"
    Texts policies;
    std::string error;  // why the newest policy is not in force; empty: it is
    NumberMap counters;

    bool operator==(const EndpointItem&) const = default;
    static constexpr auto fields() {
        using Item = EndpointItem;
        return std::tuple(field("id", &Item::id), field("endpoint", &Item::endpoint), field("containerId", &Item::container_id),
                          field("containerInterface", &Item::container_interface), field("interface", &Item::interface),
                          field("network", &Item::network), field("attached", &Item::attached), field("addresses", &Item::addresses),
                          field("labels", &Item::labels), field("annotations", &Item::annotations), field("dnsServers", &Item::dns_servers),
                          field("mode", &Item::mode), field("policies", &Item::policies), field("error", &Item::error),
                          field("counters", &Item::counters));
    }
};

using EndpointsReply = std::vector<EndpointItem>;

}  // namespace namegate::api
