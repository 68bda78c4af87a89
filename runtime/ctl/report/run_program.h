// SPDX-License-Identifier: Apache-2.0
//
// Runs a program of the node and collects what it prints. Blocks for at most the given time, then kills it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::ctl {

// stdout and stderr together, at most `max_bytes`. The program is looked for in the usual folders, not in PATH. kNotFound: it is not
// there; kTryAgain: it took too long.
Result<std::string> run_program(const std::vector<std::string>& words, unsigned timeout_ms, std::size_t max_bytes);

}  // namespace namegate::ctl
