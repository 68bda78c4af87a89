// SPDX-License-Identifier: Apache-2.0
#include "ctl/check.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/utc_text.h"
#include "config/config.h"
#include "ctl/in_force.h"
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
    // By identity, as given. A file given twice is read once. Has the folders that cannot be read, too.
    std::map<std::string, std::string> seen;
    std::size_t lost_folders = 0;
    bool whole_folders = true;  // and no single files
};

// What is in force instead of a file that has errors.
struct Note {
    std::string after;  // the file or folder that has the errors
    std::string file;
    const policy::FileStatus* status;
};

// Tells apart files that are given by different paths. Resolves links in the path of the folder, but not the file itself: for the
// daemon a link to a file is a file of its own.
std::string identity_of(const std::string& path) {
    const std::filesystem::path given(path);
    std::error_code failed;
    const auto folder = std::filesystem::weakly_canonical(given.has_parent_path() ? given.parent_path() : ".", failed);
    return failed ? path : (folder / given.filename()).string();
}

Result<> read_into(Files& files, const std::string& path) {
    if (!files.seen.emplace(identity_of(path), path).second) {
        return ok();
    }
    if (files.inputs.size() + files.unreadable.size() >= policy::kMaxPolicyFiles) {
        return Error(Code::kExhausted, "more than " + std::to_string(policy::kMaxPolicyFiles) + " policy files");
    }
    NG_ASSIGN(std::string content, read_file(path, policy::kMaxPolicyFileBytes));
    files.inputs.push_back({path, std::move(content)});
    return ok();
}

std::string without_slashes(std::string folder) {
    while (folder.size() > 1 && folder.back() == '/') {
        folder.pop_back();
    }
    return folder;
}

void add_unreadable(Files& files, const std::string& path, const std::string& why) {
    files.unreadable.push_back({{path, 0, 0}, Problem::Severity::kError, "", "cannot be read: " + why});
}

Result<> read_folder(Files& files, const std::string& folder) {
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
            add_unreadable(files, path, read.error().message());
        }
    }
    return ok();
}

Result<> read_operand(Files& files, const std::string& given, const InForce& in_force) {
    const std::string path = without_slashes(given);
    const std::string identity = identity_of(path);
    for (const auto& [folder, why] : in_force.folders) {
        if (identity_of(folder) == identity && files.seen.emplace(identity, path).second) {
            add_unreadable(files, path, why);
            ++files.lost_folders;
            return ok();
        }
    }
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return read_folder(files, path);
    }
    files.whole_folders = false;
    Result<> read = read_into(files, given);
    const auto is_this = [&identity](const policy::FileStatus& status) { return identity_of(status.path) == identity; };
    if (!read && std::any_of(in_force.refused.begin(), in_force.refused.end(), is_this)) {
        add_unreadable(files, given, read.error().message());
        return ok();
    }
    return read;
}

std::vector<Note> notes_of(const Files& files, const InForce& in_force) {
    std::vector<Note> out;
    for (const policy::FileStatus& status : in_force.refused) {
        const std::string identity = identity_of(status.path);
        const auto file = files.seen.find(identity);
        const auto folder = files.seen.find(std::filesystem::path(identity).parent_path());
        if (in_force_text(status).empty() || (file == files.seen.end() && folder == files.seen.end())) {
            continue;
        }
        out.push_back(file != files.seen.end() ? Note{file->second, file->second, &status} : Note{folder->second, status.path, &status});
    }
    return out;
}

// Why it is not known what is in force instead of files with errors; empty: it is, or they are in no configured folder.
std::string unknown_of(const Files& files, const InForce& in_force, const config::Config& config) {
    const auto is_configured = [&config](const auto& file) {
        const auto folder = std::filesystem::path(file.first).parent_path();
        return std::any_of(config.policy_dirs.begin(), config.policy_dirs.end(),
                           [&folder](const std::string& configured) { return identity_of(configured) == folder; });
    };
    return std::any_of(files.seen.begin(), files.seen.end(), is_configured) ? in_force.unknown : std::string();
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

// Those of this file or folder; all: of any.
void print_notes(const Context& context, std::vector<Note>& notes, const std::optional<std::string>& after) {
    const bool colour = context.environment.colour;
    for (const Note& note : notes) {
        if (!after || note.after == *after) {
            context.out() << (colour ? "\033[1m" : "") << printable(note.file) << ':' << (colour ? "\033[0m" : "")
                          << " note: " << in_force_text(*note.status) << '\n';
        }
    }
    std::erase_if(notes, [&after](const Note& note) { return !after || note.after == *after; });
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

void print_json_report(const Context& context, const policy::CheckReport& report, const std::vector<Note>& notes) {
    api::Json problems = api::Json::array();
    for (const Problem& problem : report.problems) {
        problems.push_back({{"file", problem.place.file},
                            {"line", problem.place.line},
                            {"column", problem.place.column},
                            {"severity", problem.severity == Problem::Severity::kError ? "error" : "warning"},
                            {"field", problem.field},
                            {"message", problem.message}});
    }
    api::Json instead = api::Json::array();
    for (const Note& note : notes) {
        instead.push_back({{"file", note.file},
                           {"inForce", policy::to_string(note.status->in_force)},
                           {"goodSince", utc_text(note.status->good_since)},
                           {"message", in_force_text(*note.status)}});
    }
    print_json(context, {{"good", report.good()},
                         {"files", report.files},
                         {"resources", report.resources},
                         {"problems", problems},
                         {"inForceInstead", instead}});
}

void print_problems(const Context& context, const policy::CheckReport& report, const Files& files, std::vector<Note> notes) {
    SourceLines lines(files.inputs);
    for (std::size_t i = 0; i < report.problems.size(); ++i) {
        print_problem(context, report.problems[i], lines);
        if (i + 1 == report.problems.size() || report.problems[i + 1].place.file != report.problems[i].place.file) {
            print_notes(context, notes, report.problems[i].place.file);
        }
    }
    print_notes(context, notes, std::nullopt);
}

policy::CheckScope scope_of(const Files& files, const config::Config* config) {
    policy::CheckScope out;
    out.whole_folders = files.whole_folders && files.unreadable.empty();
    for (std::size_t i = 0; config != nullptr && i < config->dns_servers.listed.size(); ++i) {
        out.dns_ports.push_back(config->dns_servers.listed[i].port);
    }
    return out;
}

}  // namespace

int run_check(const Context& context) {
    std::vector<std::string> operands = context.arguments.operands;
    const auto config = config::load_config(context.arguments.config_path);
    if (operands.empty()) {
        if (!config) {
            return fail(context.environment, kUsage, config.error().message());
        }
        operands = config->policy_dirs;
    }
    const InForce in_force = config ? read_in_force(*config) : InForce();
    Files files;
    for (const std::string& operand : operands) {
        if (const auto read = read_operand(files, operand, in_force); !read) {
            return fail(context.environment, kUsage, read.error().message());
        }
    }
    policy::CheckReport report = policy::check_files(files.inputs, scope_of(files, config ? &*config : nullptr));
    report.files += files.unreadable.size() - files.lost_folders;
    report.problems.insert(report.problems.begin(), files.unreadable.begin(), files.unreadable.end());
    if (context.json()) {
        print_json_report(context, report, notes_of(files, in_force));
        return report.good() ? kYes : kNo;
    }
    print_problems(context, report, files, notes_of(files, in_force));
    if (const std::string why = config && !report.good() ? unknown_of(files, in_force, *config) : ""; !why.empty()) {
        context.out() << "note: what is in force instead is not known: " << printable(why) << '\n';
    }
    context.out() << summary_of(report) << '\n';
    return report.good() ? kYes : kNo;
}

}  // namespace namegate::ctl
