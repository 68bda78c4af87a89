// SPDX-License-Identifier: Apache-2.0
//
// The size of the terminal behind stdout.
#pragma once

#include "ctl/ctl.h"

namespace namegate::ctl {

// COLUMNS and LINES, where they are set, and else what the terminal says. Zeros if stdout is not a terminal.
Screen screen_of_stdout();

}  // namespace namegate::ctl
