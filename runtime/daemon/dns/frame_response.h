// SPDX-License-Identifier: Apache-2.0
//
// A DNS response that came to the daemon as a frame, after the daemon looked at it. A value, except that `payload` belongs to the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/ip.h"
#include "daemon/events/event.h"

namespace namegate::daemon {

struct FrameResponse {
    std::uint32_t endpoint = 0;
    IpAddress server;
    std::uint64_t boot_ns = 0;  // when the pod got it
    ResponsePath path = ResponsePath::kHeld;
    std::optional<std::uint64_t> latency_ns;  // from the query on; none: not known
    std::size_t opened = 0;                   // new addresses
    std::span<const std::uint8_t> payload;    // the message
};

}  // namespace namegate::daemon
