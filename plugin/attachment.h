// SPDX-License-Identifier: Apache-2.0
//
// Shared by the operations: the rules for CNI_NETNS, and the alias of a host interface, which names its owner for GC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cni/cni_error.h"
#include "netlink/netns.h"
#include "netlink/route_socket.h"
#include "plugin/handler.h"

namespace namegate::plugin {

// kInvalidNetns when CNI_NETNS is not a network namespace, or is the plugin's own and CNI_NETNS_OVERRIDE is not set.
cni::Outcome<netlink::Netns> open_pod_netns(const cni::Environment& environment);

struct Owner {
    std::string network;
    std::string container_id;
    std::string ifname;
};

// Empty when it would be longer than the kernel accepts; GC then leaves the interface to DEL.
std::string make_alias(const Owner& owner);
std::optional<Owner> parse_alias(std::string_view alias);

}  // namespace namegate::plugin
