// SPDX-License-Identifier: Apache-2.0
//
// Text that somebody else chose (names of pods, labels, DNS names, file contents), made safe to show: in a log, in an error,
// on a terminal. Pure functions; safe from any thread; cannot fail.
#pragma once

#include <string>
#include <string_view>

namespace namegate {

// RFC 3629: no surrogates, nothing longer than it has to be.
bool is_utf8(std::string_view text);

// Control characters, bytes that are no UTF-8, and characters that turn the direction of writing come out as
// \n, \t, \x1b or \u202e; everything else as it is.
std::string printable(std::string_view text);

// A string of JSON, quotes included: the same characters as \u001b, and bytes that are no UTF-8 as the text \xff.
std::string json_string(std::string_view text);

}  // namespace namegate
