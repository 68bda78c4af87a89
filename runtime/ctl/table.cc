// SPDX-License-Identifier: Apache-2.0
#include "ctl/table.h"

#include <algorithm>

#include "base/printable.h"
#include "ctl/printable.h"
#include "ctl/wrap.h"

namespace namegate::ctl {

namespace {

// A value in a block gets at least this much, and then leaves the breaking to the terminal.
constexpr std::size_t kLeastBlock = 16;

std::string padding(std::size_t width, const std::string& text) { return std::string(width - std::min(width, width_of(text)), ' '); }

}  // namespace

std::string Cell::whole() const {
    std::string out;
    for (const std::string& item : items) {
        out += (out.empty() ? "" : ",") + item;
    }
    return out.empty() ? "-" : out;
}

std::vector<std::string> Cell::lines(std::size_t width) const {
    return items.size() > 1 ? fold_list(items, width) : wrap_text(whole(), width);
}

void Table::add(const std::vector<Cell>& cells) {
    Row row;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::vector<std::string> items;
        for (std::size_t k = 0; i < cells.size() && k < cells[i].items.size(); ++k) {
            items.push_back(printable(cells[i].items[k]));
        }
        row.emplace_back(std::move(items));
    }
    rows_.push_back(std::move(row));
}

Table::Row Table::headings() const {
    Row row;
    for (const Column& column : columns_) {
        row.emplace_back(std::string(column.heading));
    }
    return row;
}

void Table::print(std::ostream& out, std::size_t width, std::string_view indent) const {
    std::vector<std::size_t> natural;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t widest = columns_[i].heading.size();
        for (const Row& row : rows_) {
            widest = std::max(widest, width_of(row[i].whole()));
        }
        natural.push_back(widest);
    }
    const std::size_t room = width - std::min(width, indent.size());
    const auto widths = width == 0 ? natural : fit_columns(columns_, natural, room);
    if (!widths) {
        print_blocks(out, room, indent);
        return;
    }
    print_row(out, headings(), *widths, indent);
    for (const Row& row : rows_) {
        print_row(out, row, *widths, indent);
    }
    print_left_out(out, *widths);
}

void Table::print_row(std::ostream& out, const Row& row, const std::vector<std::size_t>& widths, std::string_view indent) const {
    std::vector<std::vector<std::string>> cells;
    std::size_t height = 1;
    for (std::size_t i = 0; i < row.size(); ++i) {
        cells.push_back(widths[i] == 0 ? std::vector<std::string>() : row[i].lines(widths[i]));
        height = std::max(height, cells.back().size());
    }
    for (std::size_t line = 0; line < height; ++line) {
        std::string text;
        std::size_t column = 0;  // where the next cell begins
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths[i] == 0) {
                continue;
            }
            if (line < cells[i].size()) {
                text += padding(column, text) + cells[i][line];
            }
            column += widths[i] + kColumnGap;
        }
        out << indent << text << '\n';
    }
}

void Table::print_blocks(std::ostream& out, std::size_t room, std::string_view indent) const {
    std::size_t names = 0;
    for (const Column& column : columns_) {
        names = std::max(names, column.heading.size());
    }
    const std::size_t begin = names + kColumnGap;
    const std::size_t width = std::max(room - std::min(room, begin), kLeastBlock);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        out << (row == 0 ? "" : "\n");
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            std::string name(columns_[i].heading);
            for (const std::string& line : rows_[row][i].lines(width)) {
                out << indent << name << padding(begin, name) << line << '\n';
                name.clear();
            }
        }
    }
}

void Table::print_left_out(std::ostream& out, const std::vector<std::size_t>& widths) const {
    std::string names;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (widths[i] == 0) {
            names += (names.empty() ? "" : ", ") + std::string(columns_[i].heading);
        }
    }
    if (!names.empty()) {
        out << "(no space for " << names << ")\n";
    }
}

}  // namespace namegate::ctl
