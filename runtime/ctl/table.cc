// SPDX-License-Identifier: Apache-2.0
#include "ctl/table.h"

#include <algorithm>
#include <cstddef>

#include "ctl/printable.h"

namespace namegate::ctl {

Table::Table(std::initializer_list<std::string_view> headings) { rows_.emplace_back(headings.begin(), headings.end()); }

void Table::add(const std::vector<std::string>& cells) {
    std::vector<std::string> row;
    for (std::size_t i = 0; i < rows_.front().size(); ++i) {
        row.push_back(i < cells.size() && !cells[i].empty() ? printable(cells[i]) : "-");
    }
    rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out, std::string_view indent) const {
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const std::vector<std::string>& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    for (const std::vector<std::string>& row : rows_) {
        out << indent;
        for (std::size_t i = 0; i < row.size(); ++i) {
            out << row[i];
            if (i + 1 < row.size()) {
                out << std::string(widths[i] - width_of(row[i]) + 2, ' ');
            }
        }
        out << '\n';
    }
}

}  // namespace namegate::ctl
