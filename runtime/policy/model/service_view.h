// SPDX-License-Identifier: Apache-2.0
//
// What policies need to know of the Services of a cluster: a packet to a Service's address reaches one of its endpoints, which the node
// chooses after policy was applied. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"

namespace namegate::policy {

struct ServiceEndpoint {
    IpAddress address;
    std::uint16_t port = 0;
    std::string pod;  // "shop/db-1"; empty: it is no pod
};

struct ServicePortView {
    std::uint8_t protocol = 6;
    std::uint16_t port = 0;
    std::vector<ServiceEndpoint> endpoints;  // those that are ready, of both families
};

struct ServiceView {
    std::string name_space;
    std::string name;
    std::vector<IpAddress> addresses;  // its own, external ones, and those of its load balancers
    std::vector<ServicePortView> ports;
    bool has_unknown_endpoints = false;  // it may have others besides
};

struct ClusterServices {
    std::vector<ServiceView> services;
    // Whether all Services and all pods are known that the policies in force need. True also where nothing could tell of them.
    bool is_complete = true;
    bool has_source = false;  // the API server is a source
};

}  // namespace namegate::policy
