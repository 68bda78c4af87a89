// SPDX-License-Identifier: Apache-2.0
//
// What the operations share: the rules for CNI_NETNS, the name and the alias of a host interface, and the
// removal of one attachment. The alias says whose the interface is, for GC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cni/cni_error.h"
#include "netlink/netns.h"
#include "netlink/route_socket.h"
#include "plugin/handler.h"

namespace namegate::plugin {

// kInvalidNetns when CNI_NETNS is no network namespace, or the plugin's own without leave.
cni::Outcome<netlink::Netns> open_pod_netns(const cni::Environment& environment);

struct Owner {
    std::string network;
    std::string container_id;
    std::string ifname;
};

// Empty when it would be longer than the kernel takes; GC then leaves the interface to DEL.
std::string make_alias(const Owner& owner);
std::optional<Owner> parse_alias(std::string_view alias);

}  // namespace namegate::plugin
