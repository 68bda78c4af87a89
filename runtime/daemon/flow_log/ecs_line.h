// SPDX-License-Identifier: Apache-2.0
//
// An event as a line of the flow log: JSON with the field names of the Elastic Common Schema, which docs/flow-log.md describes.
// Pure; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/events/event.h"
#include "daemon/flow_log/endpoint_text.h"

namespace namegate::daemon {

inline constexpr std::string_view kEcsVersion = "8.11.0";
// Of the fields below "namegate": changes when one of them changes its meaning or disappears.
inline constexpr std::uint64_t kFlowLogVersion = 1;
// Of one line; the others are left out.
inline constexpr std::size_t kMaxLoggedNames = 16;
inline constexpr std::size_t kMaxLoggedAddresses = 64;

// Adds the line of the event. `host` is the node's name; `endpoint` may be null.
void append_line(std::string& out, const Event& event, std::string_view host, const EndpointText* endpoint);
// Adds the line that says how many lines are missing at this place.
void append_lost_line(std::string& out, std::string_view time, std::string_view host, std::uint64_t lost);

}  // namespace namegate::daemon
