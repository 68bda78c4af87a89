// SPDX-License-Identifier: Apache-2.0
//
// The line of a file that a problem is in, with a mark under its place, as compilers show it. Keeps the lines of one file
// at a time. One thread; cannot fail: a place that the file has not shows nothing.
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

    // Two lines, each with its end, or nothing. `mark` goes before the mark, `plain` behind it: the colour.
    std::string excerpt(const policy::Place& place, std::string_view mark, std::string_view plain);

  private:
    std::string_view line_of(const policy::Place& place);

    const std::vector<policy::CheckInput>& files_;
    std::string file_;
    std::vector<std::string_view> lines_;
};

}  // namespace namegate::ctl
