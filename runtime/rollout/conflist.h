// SPDX-License-Identifier: Apache-2.0
//
// CNI configurations of a node as text: which plugins one needs, and one with namegate chained into it. Pure functions; an
// error says what the configuration has that namegate cannot follow.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace namegate::rollout {

inline constexpr std::size_t kMaxPluginsOfConflist = 64;

// The network of `text`, a conflist or the configuration of one plugin, in which namegate polices the interfaces that the first
// plugin makes. All else stays as it is. `settings` is the path of namegate.yaml on the node.
Result<std::string> chain_namegate(std::string_view text, const std::string& settings);

// The plugins that `text` names besides namegate, the address plugins included: sorted, each once. kInvalidInput: namegate is not among
// them.
Result<std::vector<std::string>> needed_plugins(std::string_view text);

}  // namespace namegate::rollout
