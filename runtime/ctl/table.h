// SPDX-License-Identifier: Apache-2.0
//
// A table for a terminal: columns as wide as their widest cell, two spaces between them, no spaces at the end of a line. Where that is
// wider than the terminal, cells are broken into lines and long lists end in a count (column_widths.h, wrap.h); where even that does
// not fit, each row becomes a block with one line per column. add() makes cells printable. A value; one thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/column_widths.h"

namespace namegate::ctl {

// A text, or a list of texts.
struct Cell {
    Cell(std::string text) { items.push_back(std::move(text)); }
    Cell(const char* text) { items.emplace_back(text); }
    Cell(std::vector<std::string> list) : items(std::move(list)) {}

    // The items with commas between them; "-" if that is empty.
    std::string whole() const;
    std::vector<std::string> lines(std::size_t width) const;

    std::vector<std::string> items;
};

class Table {
  public:
    Table(std::initializer_list<Column> columns) : columns_(columns) {}

    // Missing and empty cells are shown as "-"; cells beyond the headings are ignored.
    void add(const std::vector<Cell>& cells);
    bool empty() const { return rows_.empty(); }
    // `width`: of the terminal; 0: any.
    void print(std::ostream& out, std::size_t width, std::string_view indent = "") const;

  private:
    using Row = std::vector<Cell>;
    Row headings() const;
    void print_row(std::ostream& out, const Row& row, const std::vector<std::size_t>& widths, std::string_view indent) const;
    void print_blocks(std::ostream& out, std::size_t room, std::string_view indent) const;
    void print_left_out(std::ostream& out, const std::vector<std::size_t>& widths) const;

    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

}  // namespace namegate::ctl
