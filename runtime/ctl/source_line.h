// SPDX-License-Identifier: Apache-2.0
//
// Shows the source line of a problem with a mark below its place, as compilers do. Keeps the lines of one file at a time. One
// thread; cannot fail: a place outside the file gives an empty text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/documents/check_report.h"
#include "policy/model/problem.h"

namespace namegate::ctl {

class SourceLines {
  public:
    explicit SourceLines(const std::vector<policy::CheckInput>& files) : files_(files) {}

    // Two lines with newlines, or nothing. `mark` and `plain` are the escape sequences around the mark, for its colour.
    std::string excerpt(const policy::Place& place, std::string_view mark, std::string_view plain);

  private:
    std::string_view line_of(const policy::Place& place);

    const std::vector<policy::CheckInput>& files_;
    std::string file_;
    std::vector<std::string_view> lines_;
};

}  // namespace namegate::ctl
