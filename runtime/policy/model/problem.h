// SPDX-License-Identifier: Apache-2.0
//
// Errors and warnings in a file, with their places. Plain values.
#pragma once

#include <string>
#include <vector>

namespace namegate::policy {

// Lines and columns start at 1; columns are in bytes. 0: none, as for a file that cannot be read.
struct Place {
    std::string file;
    int line = 0;
    int column = 0;

    bool operator==(const Place&) const = default;
};

struct Problem {
    enum class Severity { kError, kWarning };

    Place place;
    Severity severity = Severity::kError;
    std::string field;  // "spec.egress[0].destination.domains[1]"; may be empty
    std::string message;

    bool operator==(const Problem&) const = default;
};

using Problems = std::vector<Problem>;

// "file:3", or "file" without a line.
std::string line_text(const std::string& file, int line);
// "file:3:7", or "file" without a line.
std::string to_string(const Place& place);
// "file:3:7: error: spec.egress[0].action: message"
std::string to_string(const Problem& problem);

bool has_errors(const Problems& problems);

}  // namespace namegate::policy
