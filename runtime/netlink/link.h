// SPDX-License-Identifier: Apache-2.0
//
// Network interfaces: what the kernel says about one, and the requests that make, change and remove them.
// Functions append to a Batch (nothing happens until it runs) or ask through a Socket.
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
    bool running = false;                     // up and passing traffic
    std::optional<std::uint32_t> peer_index;  // of a veth: the other side's index in its own namespace
    std::optional<std::int32_t> peer_netns_id;

    bool operator==(const Link&) const = default;
};

struct VethPair {
    std::string pod_name;
    const Netns* pod_netns = nullptr;
    Mac pod_mac{};
    std::string host_name;
    Mac host_mac{};
    std::uint32_t mtu = 0;  // 0: the kernel's default
};

// Both sides of a veth in one request, each made where it belongs; the socket's namespace gets the host side.
void append_veth(Batch& batch, const VethPair& pair);
void append_link_up(Batch& batch, std::uint32_t index, std::string_view name);
void append_link_down(Batch& batch, std::uint32_t index, std::string_view name);
void append_link_alias(Batch& batch, std::string_view name, std::string_view alias);
void append_delete_link(Batch& batch, std::string_view name);

// kNotFound if there is none.
Result<Link> find_link(Socket& socket, std::string_view name);
Result<Link> find_link(Socket& socket, std::uint32_t index);
Result<std::vector<Link>> list_links(Socket& socket);
// The id by which the socket's namespace knows another one, as in Link::peer_netns_id; kNotFound if it has none.
Result<std::int32_t> netns_id(Socket& socket, const Netns& other);
// One that is not there is success.
Result<> delete_link(Socket& socket, std::string_view name);
Result<> delete_link(Socket& socket, std::uint32_t index);
// In the namespace of the calling thread; does not wait for those who change something.
bool link_exists(std::uint32_t index);

}  // namespace namegate::netlink
