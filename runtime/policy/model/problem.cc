// SPDX-License-Identifier: Apache-2.0
#include "policy/model/problem.h"

#include <algorithm>

namespace namegate::policy {

std::string line_text(const std::string& file, int line) { return line == 0 ? file : file + ":" + std::to_string(line); }

std::string to_string(const Place& place) {
    return line_text(place.file, place.line) + (place.line == 0 ? "" : ":" + std::to_string(place.column));
}

std::string to_string(const Problem& problem) {
    std::string out = to_string(problem.place);
    out += problem.severity == Problem::Severity::kError ? ": error: " : ": warning: ";
    if (!problem.field.empty()) {
        out += problem.field + ": ";
    }
    return out + problem.message;
}

bool has_errors(const Problems& problems) {
    return std::any_of(problems.begin(), problems.end(),
                       [](const Problem& problem) { return problem.severity == Problem::Severity::kError; });
}

}  // namespace namegate::policy
