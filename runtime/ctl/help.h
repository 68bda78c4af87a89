// SPDX-License-Identifier: Apache-2.0
//
// What --help prints. Static texts.
#pragma once

#include <string>
#include <string_view>

namespace namegate::ctl {

// The program's own page.
std::string main_help();
// The page of a command; empty for one that does not exist.
std::string command_help(std::string_view command);
// "policies ENDPOINT"
std::string_view synopsis_of(std::string_view command);

}  // namespace namegate::ctl
