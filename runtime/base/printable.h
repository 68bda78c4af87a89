// SPDX-License-Identifier: Apache-2.0
//
// Makes untrusted text (names of pods, labels, DNS names, file contents) safe to show in a log, an error or a terminal.
// Pure functions; safe from any thread; cannot fail.
#pragma once

#include <string>
#include <string_view>

namespace namegate {

// As in RFC 3629: surrogates and overlong forms are not UTF-8.
bool is_utf8(std::string_view text);

// Escapes control characters, bytes that are not UTF-8, and characters that change the direction of text, as
// \n, \t, \x1b or \u202e; leaves everything else as it is.
std::string printable(std::string_view text);

// Returns a JSON string with its quotes. Writes the same characters as \u001b, and bytes that are not UTF-8 as the text
// \xff.
std::string json_string(std::string_view text);
// The same, added to `out`. Fast for text that needs no escape.
void append_json_string(std::string& out, std::string_view text);

}  // namespace namegate
