// SPDX-License-Identifier: Apache-2.0
//
// Two things that the operations share: the check of CNI_NETNS, and the alias of a host interface. The alias has the ids of the
// endpoint, by which DEL and GC find a renamed or stale interface. Functions without state.
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
// nullopt if namegate did not write the alias.
std::optional<Owner> parse_alias(std::string_view alias);

}  // namespace namegate::plugin
