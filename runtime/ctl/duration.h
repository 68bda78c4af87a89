// SPDX-License-Identifier: Apache-2.0
//
// Times as they are written on the command line. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace namegate::ctl {

// "90", "90s", "15m", "2h", "1d" as seconds, at least 1. kInvalidInput: it is not such a time, or longer than a year.
Result<std::uint32_t> parse_duration(std::string_view text);

}  // namespace namegate::ctl
