// SPDX-License-Identifier: Apache-2.0
//
// An event as JSON: a line of `namegatectl monitor -o json`, whose fields docs/events.md describes. Pure.
#pragma once

#include "api/protocol.h"
#include "daemon/events/event.h"

namespace namegate::daemon {

// Changes when a field changes its meaning or disappears; new fields may come without a change.
inline constexpr int kEventVersion = 1;

api::Json event_json(const Event& event);

}  // namespace namegate::daemon
