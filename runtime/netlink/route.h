// SPDX-License-Identifier: Apache-2.0
//
// Addresses, routes and neighbours of an interface. A function that appends to a Batch has no effect until Socket::run(). The
// others block on the kernel. Threads and errors: as for the Socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "netlink/link.h"
#include "netlink/route_socket.h"

namespace namegate::netlink {

struct RouteSpec {
    IpPrefix destination;
    std::optional<IpAddress> gateway;  // nullopt: the destination is on the link
    std::uint32_t ifindex = 0;
    std::optional<unsigned> mtu;
    std::optional<unsigned> advmss;
    std::optional<unsigned> priority;
    std::optional<unsigned> table;
    std::optional<IpAddress> source;  // preferred source address
    bool onlink = false;              // the gateway counts as reachable through the interface, regardless of the routing table

    bool operator==(const RouteSpec&) const = default;
};

// IPv6 addresses are usable at once: duplicate address detection is skipped.
void append_address(Batch& batch, std::uint32_t ifindex, const IpAddress& address, unsigned prefix_length);
// kExists when the table already has a route to this destination.
void append_route(Batch& batch, const RouteSpec& route);
// Adds a permanent entry: the kernel does not resolve `address`, and no ARP or ND message changes the entry.
void append_neighbour(Batch& batch, std::uint32_t ifindex, const IpAddress& address, const Mac& mac);

struct AddressEntry {
    IpAddress address;
    unsigned prefix_length = 0;

    bool operator==(const AddressEntry&) const = default;
};

struct NeighbourEntry {
    IpAddress address;
    Mac mac{};
    bool permanent = false;

    bool operator==(const NeighbourEntry&) const = default;
};

Result<std::vector<AddressEntry>> list_addresses(Socket& socket, std::uint32_t ifindex);
// Unicast routes of the main table through the interface, IPv4 and IPv6.
Result<std::vector<RouteSpec>> list_routes(Socket& socket, std::uint32_t ifindex);
Result<std::vector<NeighbourEntry>> list_neighbours(Socket& socket, std::uint32_t ifindex);
// The index of the interface through which the kernel routes `address`. kNotFound without a route.
Result<std::uint32_t> route_interface(Socket& socket, const IpAddress& address);

}  // namespace namegate::netlink
