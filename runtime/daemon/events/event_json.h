// SPDX-License-Identifier: Apache-2.0
//
// An event as streams get it, and as JSON: a line of `namegatectl monitor -o json`, whose fields docs/api-json.md describes. Pure.
#pragma once

#include "api/protocol.h"
#include "api/replies/event.h"
#include "daemon/events/event.h"

namespace namegate::daemon {

// Changes when a field changes its meaning or disappears; new fields may come without a change.
inline constexpr int kEventVersion = 1;

// Without the verdict of staged policies.
api::EventItem event_item(const Event& event);
api::Json event_json(const Event& event);

}  // namespace namegate::daemon
