// SPDX-License-Identifier: Apache-2.0
//
// Text for a terminal; printable() makes it safe. Pure functions; safe from any thread; cannot fail.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/printable.h"

namespace namegate::ctl {

// Characters of a text that printable() made; what columns are aligned by.
std::size_t width_of(std::string_view text);

// "3d4h", "5m12s", "17s".
std::string duration_text(unsigned long long seconds);

}  // namespace namegate::ctl
