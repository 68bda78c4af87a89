// SPDX-License-Identifier: Apache-2.0
//
// Network interfaces: their state in the kernel, and the requests that create, change and remove them. A function that appends
// to a Batch has no effect until Socket::run(). The others block on the kernel. Threads and errors: as for the Socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mac.h"
#include "base/result.h"
#include "netlink/route_socket.h"

namespace namegate::netlink {

struct Link {
    std::uint32_t index = 0;
    std::string name;
    std::string kind;  // "veth", "bridge"; empty for physical devices
    std::string alias;
    Mac mac{};
    std::uint32_t mtu = 0;
    bool up = false;                          // administratively
    bool running = false;                     // up, and the operational state is UP
    std::optional<std::uint32_t> peer_index;  // of a veth: the index of the peer in the peer's namespace
    std::optional<std::int32_t> peer_netns_id;

    bool operator==(const Link&) const = default;
};

struct VethPair {
    std::string pod_name;
    const Netns* pod_netns = nullptr;
    Mac pod_mac{};
    std::string host_name;
    Mac host_mac{};
    std::uint32_t mtu = 0;  // 0: the default of the kernel
};

// Creates both sides of a veth in one request, each in its namespace; the host side is in the namespace of the socket.
void append_veth(Batch& batch, const VethPair& pair);
void append_link_up(Batch& batch, std::uint32_t index, std::string_view name);
void append_link_down(Batch& batch, std::uint32_t index, std::string_view name);
void append_link_alias(Batch& batch, std::string_view name, std::string_view alias);

// kNotFound if the interface does not exist.
Result<Link> find_link(Socket& socket, std::string_view name);
Result<Link> find_link(Socket& socket, std::uint32_t index);
Result<std::vector<Link>> list_links(Socket& socket);
// The id by which the socket's namespace knows `other`, as in Link::peer_netns_id. kNotFound if it has none.
Result<std::int32_t> netns_id(Socket& socket, const Netns& other);
// Succeeds if the interface does not exist.
Result<> delete_link(Socket& socket, std::string_view name);
Result<> delete_link(Socket& socket, std::uint32_t index);
// Looks in the namespace of the calling thread. Does not wait for the RTNL lock.
bool link_exists(std::uint32_t index);

}  // namespace namegate::netlink
