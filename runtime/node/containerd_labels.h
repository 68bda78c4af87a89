// SPDX-License-Identifier: Apache-2.0
//
// Fetches containerd's labels for one endpoint in this process: for the plugin, when no daemon does it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"
#include "config/config.h"
#include "endpoints/record.h"

namespace namegate::node {

// Blocks for at most `timeout`. nullopt: `give_up`, which is called every 100 ms, returned true, because the daemon does
// it. kTryAgain: containerd gave no labels; the message says why.
Result<std::optional<endpoints::Labels>> fetch_containerd_labels(const config::Config& config, const endpoints::Record& record,
                                                                 std::chrono::milliseconds timeout, const std::function<bool()>& give_up);

}  // namespace namegate::node
