// SPDX-License-Identifier: Apache-2.0
//
// The alias of a host interface: "namegate NETWORK CONTAINER IFNAME". It has the ids of the endpoint, by which an interface is
// found that an administrator renamed, or that was left behind. The format must not change: running pods have these aliases. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace namegate::endpoints {

struct InterfaceOwner {
    std::string network;
    std::string container_id;
    std::string ifname;
};

// Empty when it would be longer than the kernel accepts; GC then leaves the interface to DEL.
std::string make_alias(const InterfaceOwner& owner);
// nullopt if namegate did not write the alias.
std::optional<InterfaceOwner> parse_alias(std::string_view alias);

}  // namespace namegate::endpoints
