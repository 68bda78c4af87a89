// SPDX-License-Identifier: Apache-2.0
//
// The reply to `staged`, from the report of the staged policies. Reads only. One thread; cannot fail.
#pragma once

#include <cstdint>
#include <optional>

#include "api/replies/staged.h"
#include "daemon/events/staged_watch.h"

namespace namegate::daemon {

// Of one endpoint, or of all.
api::StagedReply view_staged_changes(const StagedWatch& staged, std::optional<std::uint32_t> endpoint);

}  // namespace namegate::daemon
