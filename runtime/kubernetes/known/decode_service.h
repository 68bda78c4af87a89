// SPDX-License-Identifier: Apache-2.0
//
// Reads what namegate needs from a Service and from an EndpointSlice. Addresses that cannot be those of a Service (loopback, link-local,
// multicast) are left out: whoever may write Services must not open them. The addresses of endpoints are all kept, because one that is left
// out would not count as outside of a rule. Every size has a limit. Pure.
#pragma once

#include <cstddef>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxServiceAddresses = 64;  // of each sort
inline constexpr std::size_t kMaxServicePorts = 256;
inline constexpr std::size_t kMaxSliceEndpoints = 1'000;  // as the API server allows
inline constexpr std::size_t kMaxEndpointAddresses = 100;

// False: a loopback, link-local, multicast, unspecified or broadcast address.
bool can_be_a_service(const IpAddress& address);
// kExhausted: it exceeds a limit, which the message names.
Result<ServiceFacts> decode_service(const nlohmann::json& object);
Result<SliceFacts> decode_slice(const nlohmann::json& object);
// What stands for a slice that cannot be read.
Object unreadable_slice(ObjectName name);

}  // namespace namegate::kubernetes
