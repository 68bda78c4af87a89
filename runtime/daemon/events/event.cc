// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/event.h"

#include <array>

#include "config/config.h"

namespace namegate::daemon {

static_assert(config::kFlowLogEvents.size() == kEventKinds);

std::string_view name_of(EventKind kind) { return config::kFlowLogEvents.at(static_cast<std::size_t>(kind)); }

std::string_view name_of(FlowEnding ending) {
    static constexpr std::array<std::string_view, 6> kNames = {"", "closed", "reset", "idle", "cut", "replaced"};
    return kNames.at(static_cast<std::size_t>(ending));
}

std::string_view name_of(ResponsePath path) {
    static constexpr std::array<std::string_view, 3> kNames = {"kernel", "held", "unlearned"};
    return kNames.at(static_cast<std::size_t>(path));
}

}  // namespace namegate::daemon
