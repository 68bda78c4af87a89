// SPDX-License-Identifier: Apache-2.0
//
// Formats text for a terminal. Pure functions; safe from any thread; cannot fail.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/printable.h"

namespace namegate::ctl {

// The number of characters in a text that printable() made, to align columns.
std::size_t width_of(std::string_view text);

// "3d4h", "5m12s", "17s".
std::string duration_text(unsigned long long seconds);

}  // namespace namegate::ctl
