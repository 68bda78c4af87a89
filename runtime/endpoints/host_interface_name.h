// SPDX-License-Identifier: Apache-2.0
//
// The name of the host side of an endpoint's veth: "ng" and 11 hex digits of a hash of container id and interface name. DEL
// needs only these two to find the interface. The function must never change: running pods have these names. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace namegate::endpoints {

// A well-mixed 64-bit hash of both texts and of the boundary between them.
std::uint64_t endpoint_hash(std::string_view container_id, std::string_view ifname);

std::string host_interface_name(std::string_view container_id, std::string_view ifname);

}  // namespace namegate::endpoints
