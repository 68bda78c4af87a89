// SPDX-License-Identifier: Apache-2.0
//
// The success result of ADD. It is written in the form of the given version: 0.3.1 and 0.4.0 have `ips[].version`, 1.0.0 does
// not, 1.1.0 adds fields to interfaces and routes. A value type; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "cni/json.h"

namespace namegate::cni {

inline constexpr std::size_t kMaxResultEntries = 1024;  // in each list

struct Interface {
    std::string name;
    std::string mac;
    std::string sandbox;  // path of the network namespace; empty on the host
    std::optional<unsigned> mtu;
    std::string socket_path;
    std::string pci_id;

    bool operator==(const Interface&) const = default;
};

struct IpConfig {
    IpAddress address;
    unsigned prefix_length = 0;
    std::optional<IpAddress> gateway;
    std::optional<unsigned> interface;  // index into interfaces

    bool operator==(const IpConfig&) const = default;
};

struct Route {
    IpPrefix destination;
    std::optional<IpAddress> gateway;
    std::optional<unsigned> mtu;
    std::optional<unsigned> advmss;
    std::optional<unsigned> priority;
    std::optional<unsigned> table;
    std::optional<unsigned> scope;

    bool operator==(const Route&) const = default;
};

struct Dns {
    std::vector<std::string> nameservers;
    std::string domain;
    std::vector<std::string> search;
    std::vector<std::string> options;

    bool empty() const { return nameservers.empty() && domain.empty() && search.empty() && options.empty(); }
    bool operator==(const Dns&) const = default;
};

struct AddResult {
    std::vector<Interface> interfaces;
    std::vector<IpConfig> ips;
    std::vector<Route> routes;
    Dns dns;

    bool operator==(const AddResult&) const = default;
};

// Reads a result of any supported version; errors name the member. An interface index must be in range.
Result<AddResult> parse_result(const Json& object);

Json to_json(const AddResult& result, std::string_view version);

Result<Dns> parse_dns(const Json& object, std::string_view where);

}  // namespace namegate::cni
