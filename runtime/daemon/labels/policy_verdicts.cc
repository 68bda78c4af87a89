// SPDX-License-Identifier: Apache-2.0
#include "daemon/labels/policy_verdicts.h"

#include <string>

namespace namegate::daemon {

namespace {

using policy::FileStatus;

std::string text_of(const policy::Problem& problem) { return (problem.field.empty() ? "" : problem.field + ": ") + problem.message; }

// All problems of this severity.
std::string texts_of(const policy::Problems& problems, policy::Problem::Severity severity) {
    std::string out;
    for (const policy::Problem& problem : problems) {
        if (problem.severity == severity) {
            out += (out.empty() ? "" : "; ") + text_of(problem);
        }
    }
    return out;
}

std::string instead_of(FileStatus::InForce in_force) {
    switch (in_force) {
        case FileStatus::InForce::kLastGood: return "; its last good content is in force";
        case FileStatus::InForce::kNone: return "; nothing of it is in force";
        case FileStatus::InForce::kUnknown: return "; its last good content is lost, and no pod is opened until it is right";
        case FileStatus::InForce::kCurrent:
        case FileStatus::InForce::kKept:
        case FileStatus::InForce::kOverridden: break;
    }
    return {};
}

}  // namespace

kubernetes::PolicyReports::Verdicts verdicts_of(const std::vector<FileStatus>& files) {
    kubernetes::PolicyReports::Verdicts out;
    for (const FileStatus& file : files) {
        if (!policy::is_object_path(file.path) || file.in_force == FileStatus::InForce::kKept) {
            continue;
        }
        if (file.in_force == FileStatus::InForce::kOverridden) {
            out[file.path] = {false, "Overridden", texts_of(file.problems, policy::Problem::Severity::kWarning)};
        } else if (file.loaded) {
            out[file.path] = {true, "Valid", texts_of(file.problems, policy::Problem::Severity::kWarning)};
        } else {
            out[file.path] = {false, "Invalid", texts_of(file.problems, policy::Problem::Severity::kError) + instead_of(file.in_force)};
        }
    }
    return out;
}

}  // namespace namegate::daemon
