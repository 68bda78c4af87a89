// SPDX-License-Identifier: Apache-2.0
//
// A table for a terminal: columns as wide as their widest cell, two spaces between them, no spaces at the end of a line. add()
// makes cells printable. A value; one thread.
#pragma once

#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace namegate::ctl {

class Table {
  public:
    Table(std::initializer_list<std::string_view> headings);

    // Missing and empty cells are shown as "-"; cells beyond the headings are ignored.
    void add(const std::vector<std::string>& cells);
    bool empty() const { return rows_.size() == 1; }
    void print(std::ostream& out, std::string_view indent = "") const;

  private:
    std::vector<std::vector<std::string>> rows_;  // the first row has the headings
};

}  // namespace namegate::ctl
