// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/event.h"

#include <array>

namespace namegate::daemon {

std::string_view name_of(EventKind kind) {
    static constexpr std::array<std::string_view, kEventKinds> kNames = {"denied",
                                                                         "cut",
                                                                         "logged",
                                                                         "limit",
                                                                         "dns",
                                                                         "policies",
                                                                         "policy-refused",
                                                                         "endpoint-added",
                                                                         "endpoint-removed",
                                                                         "daemon-started",
                                                                         "daemon-stopping"};
    return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace namegate::daemon
