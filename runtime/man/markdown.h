// SPDX-License-Identifier: Apache-2.0
//
// Reads the markdown of docs/ as far as those files use it: headings, paragraphs, blocks of code, tables. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "man/roff.h"

namespace namegate::man {

using TableRow = std::vector<std::string>;

// The text below the heading "## TITLE", up to the next one of its level. Empty: there is no such heading.
std::string_view section_of(std::string_view markdown, std::string_view title);

// The cells of every table, without headings. A cell is trimmed; "\|" is "|".
std::vector<TableRow> table_rows(std::string_view markdown);

// Writes a text in markdown. The first cell of a table's row is a term, the others its description.
void add_markdown(Roff& out, std::string_view markdown);

}  // namespace namegate::man
