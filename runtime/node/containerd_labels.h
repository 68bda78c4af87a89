// SPDX-License-Identifier: Apache-2.0
//
// containerd's labels for one endpoint, asked for in this process: what the plugin does where no daemon does it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"
#include "config/config.h"
#include "endpoints/record.h"

namespace namegate::node {

// Blocks for at most `timeout`. Nothing: somebody else cares, as `give_up` said, which is asked every tenth of a second
// of waiting. kTryAgain: containerd does not tell, and why.
Result<std::optional<endpoints::Labels>> fetch_containerd_labels(const config::Config& config, const endpoints::Record& record,
                                                                 std::chrono::milliseconds timeout, const std::function<bool()>& give_up);

}  // namespace namegate::node
