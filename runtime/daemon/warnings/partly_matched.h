// SPDX-License-Identifier: Apache-2.0
//
// Services that rules in force match in part, so that they stay denied (E10). A function without state.
#pragma once

#include <string>
#include <vector>

#include "daemon/node.h"

namespace namegate::daemon {

// One line for each Service, port and rule, whatever the number of endpoints of the node; the first kMaxPartlyShown.
inline constexpr std::size_t kMaxPartlyShown = 16;
std::vector<std::string> partly_matched_lines(const Node& node);

}  // namespace namegate::daemon
