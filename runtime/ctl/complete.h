// SPDX-License-Identifier: Apache-2.0
//
// What may stand at a place of a command line, for the completion of shells. The scripts of completion.h call
//   namegatectl __complete WORD...
// with the words behind the program's name, the last of them unfinished. The first line of the output is "words", and the lines
// after it are candidates with a tab and a description; or it is "files", and the shell completes a path. The candidates of an
// ENDPOINT come from the daemon; without a daemon there are none. Always exits with 0, and writes nothing to stderr.
#pragma once

#include <string>
#include <vector>

#include "ctl/ctl.h"

namespace namegate::ctl {

inline constexpr const char* kCompleteCommand = "__complete";

int run_complete(const std::vector<std::string>& words, const Environment& environment);

}  // namespace namegate::ctl
