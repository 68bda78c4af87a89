// SPDX-License-Identifier: Apache-2.0
#include "cni/environment.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/identifiers.h"

namespace namegate::cni {

namespace {

// A variable and the commands that require it.
struct Variable {
    const char* name;
    std::array<Command, 3> required_by;
    std::size_t required_count;
    std::string Environment::*member;
};

constexpr std::array<Variable, 4> kVariables{{
    {"CNI_CONTAINERID", {Command::kAdd, Command::kDel, Command::kCheck}, 3, &Environment::container_id},
    {"CNI_NETNS", {Command::kAdd, Command::kCheck, Command::kCheck}, 2, &Environment::netns},
    {"CNI_IFNAME", {Command::kAdd, Command::kDel, Command::kCheck}, 3, &Environment::ifname},
    {"CNI_ARGS", {}, 0, &Environment::args},
}};

constexpr std::array<Command, 6> kCommands{Command::kAdd, Command::kDel,    Command::kCheck,
                                           Command::kGc,  Command::kStatus, Command::kVersion};

bool is_required(const Variable& variable, Command command) {
    const auto* end = variable.required_by.begin() + variable.required_count;
    return std::find(variable.required_by.begin(), end, command) != end;
}

Outcome<Command> parse_command(const GetEnvironment& get) {
    const std::string text = get("CNI_COMMAND").value_or("");
    if (text.empty()) {
        return CniError(ErrorCode::kInvalidEnvironment, "required environment variable CNI_COMMAND is missing");
    }
    for (const Command command : kCommands) {
        if (text == to_string(command)) {
            return command;
        }
    }
    return CniError(ErrorCode::kInvalidEnvironment, "unknown CNI_COMMAND \"" + text + "\"",
                    "it must be ADD, DEL, CHECK, GC, STATUS or VERSION");
}

Outcome<std::vector<std::string>> parse_path(std::string_view text) {
    std::vector<std::string> directories;
    while (!text.empty()) {
        const std::size_t colon = std::min(text.find(':'), text.size());
        if (colon > 0) {
            directories.emplace_back(text.substr(0, colon));
        }
        text.remove_prefix(std::min(colon + 1, text.size()));
        if (directories.size() > kMaxPathEntries) {
            return CniError(ErrorCode::kInvalidEnvironment, "CNI_PATH has more than " + std::to_string(kMaxPathEntries) + " folders");
        }
    }
    return directories;
}

Outcome<> check_values(const Environment& environment) {
    if (!environment.container_id.empty() && !is_identifier(environment.container_id)) {
        return CniError(ErrorCode::kInvalidEnvironment, "CNI_CONTAINERID \"" + environment.container_id + "\" is not valid",
                        "it must start with a letter or digit and hold only letters, digits, '_', '.' and '-', at most " +
                            std::to_string(kMaxIdentifierBytes));
    }
    if (!environment.ifname.empty() && !is_interface_name(environment.ifname)) {
        return CniError(ErrorCode::kInvalidEnvironment, "CNI_IFNAME \"" + environment.ifname + "\" is not valid",
                        "an interface name has 1 to 15 bytes, no '/', ':' or white space, and is not \".\" or \"..\"");
    }
    if (environment.args.size() > kMaxArgsBytes) {
        return CniError(ErrorCode::kInvalidEnvironment, "CNI_ARGS is longer than " + std::to_string(kMaxArgsBytes) + " bytes");
    }
    return Unit{};
}

}  // namespace

Outcome<Environment> parse_environment(const GetEnvironment& get) {
    Environment environment;
    NG_ASSIGN(environment.command, parse_command(get));
    if (environment.command == Command::kVersion) {
        return environment;
    }
    std::string missing;
    for (const Variable& variable : kVariables) {
        std::string value = get(variable.name).value_or("");
        if (value.empty() && is_required(variable, environment.command)) {
            missing += (missing.empty() ? "" : ", ") + std::string(variable.name);
        }
        environment.*variable.member = std::move(value);
    }
    if (!missing.empty()) {
        return CniError(ErrorCode::kInvalidEnvironment, "required environment variables are missing: " + missing,
                        "for CNI_COMMAND " + std::string(to_string(environment.command)));
    }
    NG_TRY(check_values(environment));
    NG_ASSIGN(environment.plugin_dirs, parse_path(get("CNI_PATH").value_or("")));
    const std::string allowed = get("CNI_NETNS_OVERRIDE").value_or("");
    environment.netns_override = allowed == "1" || allowed == "true" || allowed == "TRUE" || allowed == "True";
    return environment;
}

}  // namespace namegate::cni
