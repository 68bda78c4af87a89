// SPDX-License-Identifier: Apache-2.0
//
// The commands, options and operands of namegatectl as CLI11 has them, for what is generated from them: completion and manual pages.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace namegate::ctl {

// The program; its subcommands are the commands. Valid during the call.
void with_command_line(const std::function<void(const CLI::App& program)>& use);

}  // namespace namegate::ctl
