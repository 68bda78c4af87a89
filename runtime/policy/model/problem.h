// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a file, and where: values that the store keeps and the tools print. No thread rule.
#pragma once

#include <string>
#include <vector>

namespace namegate::policy {

// Lines and columns count from 1, columns in bytes; 0 where there is none (a file that cannot be read).
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

// "file:3:7" (or "file" when there is no line).
std::string to_string(const Place& place);
// "file:3:7: error: spec.egress[0].action: message"
std::string to_string(const Problem& problem);

bool has_errors(const Problems& problems);

}  // namespace namegate::policy
