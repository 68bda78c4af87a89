// SPDX-License-Identifier: Apache-2.0
//
// Breaks text that printable() made into lines for a terminal. Pure functions; safe from any thread; cannot fail.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace namegate::ctl {

// A longer list ends with "+3 more".
inline constexpr std::size_t kMaxListLines = 3;

// Lines of at most `width` characters, at least one line. Breaks at a space, which goes; else behind one of / , - . : and else
// anywhere. Loses no other character. A width of 0 counts as 1.
std::vector<std::string> wrap_text(std::string_view text, std::size_t width);

// The items with commas between them, in at most kMaxListLines lines. The items that find no space are counted. The first item is
// always shown completely, even if it takes more lines.
std::vector<std::string> fold_list(const std::vector<std::string>& items, std::size_t width);

}  // namespace namegate::ctl
