// SPDX-License-Identifier: Apache-2.0
//
// A time as text for people. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace namegate {

// Seconds since the epoch as "2026-07-01T12:00:00Z". 0 is unknown and gives an empty text.
std::string utc_text(std::int64_t seconds);

// The time in the form of strftime().
std::string format_utc(std::int64_t seconds, const char* format);

}  // namespace namegate
