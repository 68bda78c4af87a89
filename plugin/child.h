// SPDX-License-Identifier: Apache-2.0
//
// Runs another program to its end. The child dies with the thread that started it, so that a plugin killed
// by its runtime leaves nobody behind who still changes things. Blocks; stderr is passed on.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::plugin {

inline constexpr std::size_t kMaxChildOutputBytes = 1024UL * 1024;

struct ChildCommand {
    std::string path;
    std::vector<std::string> arguments;    // from argv[0] on
    std::vector<std::string> environment;  // "KEY=value"
    std::string standard_input;
};

struct ChildOutput {
    int exit_status = 0;  // 128 + the signal when one ended it
    std::string standard_output;
};

Result<ChildOutput> run_child(const ChildCommand& command);

}  // namespace namegate::plugin
