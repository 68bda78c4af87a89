// SPDX-License-Identifier: Apache-2.0
#include "ctl/column_widths.h"

#include <algorithm>

namespace namegate::ctl {

namespace {

using Widths = std::vector<std::size_t>;

// With the gaps between the columns that are shown.
std::size_t total_of(const Widths& widths) {
    std::size_t total = 0;
    for (const std::size_t width : widths) {
        total += width == 0 ? 0 : width + (total == 0 ? 0 : kColumnGap);
    }
    return total;
}

// False: no detail is left to leave out.
bool leave_one_out(const std::vector<Column>& columns, Widths& widths) {
    for (std::size_t i = columns.size(); i-- > 0;) {
        if (columns[i].detail && widths[i] != 0) {
            widths[i] = 0;
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<Widths> fit_columns(const std::vector<Column>& columns, const Widths& natural, std::size_t room) {
    Widths least;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        least.push_back(columns[i].whole ? natural[i] : std::min(natural[i], std::max(columns[i].heading.size(), kNarrowColumn)));
    }
    while (total_of(least) > room) {
        if (!leave_one_out(columns, least)) {
            return std::nullopt;
        }
    }
    Widths widths = natural;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        widths[i] = least[i] == 0 ? 0 : natural[i];
    }
    while (total_of(widths) > room) {
        std::size_t widest = widths.size();
        for (std::size_t i = 0; i < widths.size(); ++i) {
            if (widths[i] > least[i] && (widest == widths.size() || widths[i] > widths[widest])) {
                widest = i;
            }
        }
        --widths[widest];
    }
    return widths;
}

}  // namespace namegate::ctl
