// SPDX-License-Identifier: Apache-2.0
//
// `--watch`: shows a listing again and again until the program is interrupted. One thread; blocks.
#pragma once

#include <functional>

#include "ctl/output.h"

namespace namegate::ctl {

inline constexpr unsigned kWatchSeconds = 2;  // without a number
inline constexpr unsigned kMaxWatchSeconds = 3600;

// Calls `once`, which prints the listing, and waits. On a terminal each listing takes the place of the one before, as far as the
// terminal has lines; otherwise they follow each other, with an empty line between them or, as JSON, one a line. An error is shown like
// a listing, because the daemon may come back. Returns when the output is closed.
int run_watch(const Context& context, const std::function<int(const Context&)>& once);

}  // namespace namegate::ctl
