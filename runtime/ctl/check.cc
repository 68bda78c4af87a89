// SPDX-License-Identifier: Apache-2.0
#include "ctl/check.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.h"
#include "config/config.h"
#include "ctl/printable.h"
#include "ctl/source_line.h"
#include "policy/documents/check_report.h"
#include "policy/documents/document.h"
#include "policy/documents/policy_folder.h"
#include "policy/documents/policy_store.h"

namespace namegate::ctl {

namespace {

using policy::Problem;

struct Files {
    std::vector<policy::CheckInput> inputs;
    policy::Problems unreadable;
    std::set<std::string> seen;  // a file given twice is read once
};

// Tells apart files that are given by different paths. Resolves links in the path of the folder, but not the file itself: for the
// daemon a link to a file is a file of its own.
std::string identity_of(const std::string& path) {
    const std::filesystem::path given(path);
    std::error_code failed;
    const auto folder = std::filesystem::canonical(given.has_parent_path() ? given.parent_path() : ".", failed);
    return failed ? path : (folder / given.filename()).string();
}

Result<> read_into(Files& files, const std::string& path) {
    if (!files.seen.insert(identity_of(path)).second) {
        return ok();
    }
    if (files.inputs.size() + files.unreadable.size() >= policy::kMaxPolicyFiles) {
        return Error(Code::kExhausted, "more than " + std::to_string(policy::kMaxPolicyFiles) + " policy files");
    }
    NG_ASSIGN(std::string content, read_file(path, policy::kMaxPolicyFileBytes));
    files.inputs.push_back({path, std::move(content)});
    return ok();
}

Result<> read_folder(Files& files, std::string folder) {
    while (folder.size() > 1 && folder.back() == '/') {
        folder.pop_back();
    }
    NG_ASSIGN(const std::vector<std::string> names, list_directory(folder, policy::kMaxPolicyFiles));
    for (const std::string& name : names) {
        if (!policy::is_policy_file_name(name)) {
            continue;
        }
        const std::string path = (folder == "/" ? "" : folder) + "/" + name;
        if (auto read = read_into(files, path); !read) {
            if (read.error().code() == Code::kExhausted && files.inputs.size() >= policy::kMaxPolicyFiles) {
                return read;
            }
            files.unreadable.push_back({{path, 0, 0}, Problem::Severity::kError, "", "cannot be read: " + read.error().message()});
        }
    }
    return ok();
}

Result<> read_operand(Files& files, const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored) ? read_folder(files, path) : read_into(files, path);
}

std::string counted(std::size_t count, const std::string& noun) { return std::to_string(count) + " " + noun + (count == 1 ? "" : "s"); }

void print_problem(const Context& context, const Problem& problem, SourceLines& lines) {
    const bool error = problem.severity == Problem::Severity::kError;
    const bool colour = context.environment.colour;
    const char* const bold = colour ? "\033[1m" : "";
    const char* const severity = !colour ? "" : error ? "\033[1;31m" : "\033[1;33m";
    const char* const plain = colour ? "\033[0m" : "";
    context.out() << bold << printable(to_string(problem.place)) << ':' << plain << ' ' << severity << (error ? "error:" : "warning:")
                  << plain << ' ';
    if (!problem.field.empty()) {
        context.out() << bold << printable(problem.field) << ':' << plain << ' ';
    }
    context.out() << printable(problem.message) << '\n' << lines.excerpt(problem.place, severity, plain);
}

std::string summary_of(const policy::CheckReport& report) {
    const auto errors = static_cast<std::size_t>(std::count_if(report.problems.begin(), report.problems.end(), [](const Problem& problem) {
        return problem.severity == Problem::Severity::kError;
    }));
    const std::size_t warnings = report.problems.size() - errors;
    std::string out = counted(report.files, "file") + ", " + counted(report.resources, "good resource") + ": ";
    out += errors == 0 ? "no errors" : counted(errors, "error");
    return warnings == 0 ? out : out + ", " + counted(warnings, "warning");
}

void print_report(const Context& context, const policy::CheckReport& report, const std::vector<policy::CheckInput>& inputs) {
    if (context.json()) {
        api::Json problems = api::Json::array();
        for (const Problem& problem : report.problems) {
            problems.push_back({{"file", problem.place.file},
                                {"line", problem.place.line},
                                {"column", problem.place.column},
                                {"severity", problem.severity == Problem::Severity::kError ? "error" : "warning"},
                                {"field", problem.field},
                                {"message", problem.message}});
        }
        print_json(context, {{"good", report.good()}, {"files", report.files}, {"resources", report.resources}, {"problems", problems}});
        return;
    }
    SourceLines lines(inputs);
    for (const Problem& problem : report.problems) {
        print_problem(context, problem, lines);
    }
    context.out() << summary_of(report) << '\n';
}

}  // namespace

int run_check(const Context& context) {
    std::vector<std::string> operands = context.arguments.operands;
    if (operands.empty()) {
        auto config = config::load_config(context.arguments.config_path);
        if (!config) {
            return fail(context.environment, kUsage, config.error().message());
        }
        operands = std::move(config->policy_dirs);
    }
    Files files;
    for (const std::string& operand : operands) {
        if (const auto read = read_operand(files, operand); !read) {
            return fail(context.environment, kUsage, read.error().message());
        }
    }
    policy::CheckReport report = policy::check_files(files.inputs);
    report.files += files.unreadable.size();
    report.problems.insert(report.problems.begin(), files.unreadable.begin(), files.unreadable.end());
    print_report(context, report, files.inputs);
    return report.good() ? kYes : kNo;
}

}  // namespace namegate::ctl
