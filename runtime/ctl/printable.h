// SPDX-License-Identifier: Apache-2.0
//
// Text that somebody else chose (names of pods, labels, DNS names, file contents), made safe to show on a
// terminal. Pure functions; safe from any thread; cannot fail.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace namegate::ctl {

// Control characters, bytes that are no UTF-8, and characters that turn the direction of writing come out as
// \n, \t, \x1b or \u202e; everything else as it is.
std::string printable(std::string_view text);

// Characters of a text that printable() made; what columns are aligned by.
std::size_t width_of(std::string_view text);

// "3d4h", "5m12s", "17s".
std::string duration_text(unsigned long long seconds);

}  // namespace namegate::ctl
