// SPDX-License-Identifier: Apache-2.0
//
// Decides how wide the columns of a table are on a terminal. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace namegate::ctl {

inline constexpr std::size_t kColumnGap = 2;
// No column becomes narrower than this, unless its content is.
inline constexpr std::size_t kNarrowColumn = 12;

struct Column {
    // A heading alone is a column that may become narrower.
    constexpr Column(const char* text, bool is_whole = false, bool is_detail = false) : heading(text), whole(is_whole), detail(is_detail) {}

    std::string_view heading;
    bool whole;   // its cells are never broken
    bool detail;  // is left out first
};

// The width of each column in `room` characters; 0: the column is left out. Takes space from the widest columns first, then leaves
// details out, from the right. Nothing: the table does not fit. `natural` has the widest cell of each column.
std::optional<std::vector<std::size_t>> fit_columns(const std::vector<Column>& columns, const std::vector<std::size_t>& natural,
                                                    std::size_t room);

}  // namespace namegate::ctl
