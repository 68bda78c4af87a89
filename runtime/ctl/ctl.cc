// SPDX-License-Identifier: Apache-2.0
#include "ctl/ctl.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "ctl/arguments.h"
#include "ctl/check.h"
#include "ctl/explain.h"
#include "ctl/help.h"
#include "ctl/match.h"
#include "ctl/monitor.h"
#include "ctl/output.h"
#include "ctl/show.h"
#include "policy/documents/json_schema.h"

namespace namegate::ctl {

namespace {

using api::Json;

constexpr std::size_t kAnyNumber = 100'000;

int run_schema(const Context& context) {
    context.out() << policy::json_schema();
    return kYes;
}

struct Command {
    std::string_view name;
    std::size_t min_operands;
    std::size_t max_operands;
    int (*run_here)(const Context& context);                   // or:
    void (*show)(const Context& context, const Json& result);  // asks the daemon, and:
    ExitCode (*code)(const Json& result);                      // what the answer says; null: always yes
};

constexpr std::array<Command, 11> kCommands = {{
    {"check", 0, kAnyNumber, run_check, nullptr, nullptr},
    {"status", 0, 0, nullptr, show_status, status_code},
    {"endpoints", 0, 0, nullptr, show_endpoints, nullptr},
    {"policies", 0, 1, nullptr, show_policies, nullptr},
    {"ips", 1, 1, nullptr, show_ips, nullptr},
    {"dns", 0, 1, nullptr, show_dns, nullptr},
    {"explain", 2, 2, run_explain_offline, show_explain, explain_code},
    {"monitor", 0, 1, run_monitor, nullptr, nullptr},
    {"selector", 1, kAnyNumber, run_selector, nullptr, nullptr},
    {"domain", 2, 2, run_domain, nullptr, nullptr},
    {"schema", 0, 0, run_schema, nullptr, nullptr},
}};

const Command* find_command(std::string_view name) {
    for (const Command& command : kCommands) {
        if (command.name == name) {
            return &command;
        }
    }
    return nullptr;
}

int ask(const Context& context, const Command& command) {
    const auto path = socket_path(context.arguments);
    if (!path) {
        return fail(context.environment, kUsage, path.error().message());
    }
    api::Request request;
    request.command = context.arguments.command;
    if (!context.arguments.operands.empty()) {
        request.arguments["endpoint"] = context.arguments.operands.front();
    }
    if (context.arguments.operands.size() > 1) {
        request.arguments["destination"] = context.arguments.operands[1];
        request.arguments["direction"] = context.arguments.ingress ? "ingress" : "egress";
    }
    const auto result = context.environment.ask(*path, request);
    if (!result) {
        return report_failure(context, result.error());
    }
    if (context.json()) {
        print_json(context, *result);
    } else {
        command.show(context, *result);
    }
    return command.code == nullptr ? kYes : command.code(*result);
}

int show_help(const Environment& environment, const Arguments& arguments) {
    const bool asked_by_name = arguments.command == "help";
    const std::string topic = !asked_by_name ? arguments.command : arguments.operands.empty() ? "" : arguments.operands.front();
    const std::string page = topic.empty() ? main_help() : command_help(topic);
    if (page.empty()) {
        return fail(environment, kUsage, "unknown command \"" + topic + "\"; see namegatectl --help");
    }
    environment.out << page;
    return kYes;
}

int usage(const Environment& environment, const Command& command) {
    return fail(environment, kUsage,
                "usage: namegatectl [OPTION...] " + std::string(synopsis_of(command.name)) + "; see namegatectl " +
                    std::string(command.name) + " --help");
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Environment& environment) {
    const auto parsed = parse_arguments(arguments);
    if (!parsed) {
        return fail(environment, kUsage, parsed.error().message() + "; see namegatectl --help");
    }
    if (parsed->version) {
        environment.out << "namegatectl " << NAMEGATE_VERSION << '\n';
        return kYes;
    }
    if (parsed->help || parsed->command == "help") {
        return show_help(environment, *parsed);
    }
    if (!parsed->has_command) {
        return fail(environment, kUsage, "a command is missing; see namegatectl --help");
    }
    const Command* command = find_command(parsed->command);
    if (command == nullptr) {
        return fail(environment, kUsage, "unknown command \"" + parsed->command + "\"; see namegatectl --help");
    }
    if (parsed->operands.size() < command->min_operands || parsed->operands.size() > command->max_operands) {
        return usage(environment, *command);
    }
    for (const std::string& operand : parsed->operands) {
        if (operand.empty() && command->name != "selector") {
            return fail(environment, kUsage, "an argument is empty; see namegatectl " + parsed->command + " --help");
        }
    }
    if (!parsed->special_option.empty() && command->name != parsed->special_command) {
        return fail(environment, kUsage,
                    parsed->special_option + " is an option of " + parsed->special_command + " only; see namegatectl " +
                        parsed->special_command + " --help");
    }
    const Context context{*parsed, environment};
    const bool here = command->show == nullptr || parsed->offline;
    return here ? command->run_here(context) : ask(context, *command);
}

}  // namespace namegate::ctl
