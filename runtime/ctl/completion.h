// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl completion`: the script that makes a shell complete the command line. The scripts ask `namegatectl __complete`
// (complete.h), so they know no command themselves and stay right after an upgrade.
#pragma once

#include <array>
#include <string_view>

#include "ctl/output.h"

namespace namegate::ctl {

inline constexpr std::array<std::string_view, 3> kShells = {"bash", "zsh", "fish"};

int run_completion(const Context& context);

}  // namespace namegate::ctl
