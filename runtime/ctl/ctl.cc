// SPDX-License-Identifier: Apache-2.0
#include "ctl/ctl.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "ctl/arguments.h"
#include "ctl/check.h"
#include "ctl/complete.h"
#include "ctl/completion.h"
#include "ctl/explain.h"
#include "ctl/match.h"
#include "ctl/monitor.h"
#include "ctl/output.h"
#include "ctl/report/bug_report.h"
#include "ctl/show.h"
#include "ctl/suggest/suggest.h"
#include "ctl/watch.h"
#include "policy/documents/json_schema.h"

namespace namegate::ctl {

namespace {

using api::Json;

int run_schema(const Context& context) {
    context.out() << policy::json_schema();
    return kYes;
}

struct Command {
    std::string_view name;
    int (*run_here)(const Context& context);                   // runs the command; null: ask() sends it to the daemon
    void (*show)(const Context& context, const Json& result);  // prints the reply to ask(); null: only run_here
    ExitCode (*code)(const Json& result);                      // the exit code for that reply; null: kYes
};

// `explain` has both: --offline chooses run_here.
constexpr std::array<Command, 15> kCommands = {{
    {"check", run_check, nullptr, nullptr},
    {"status", nullptr, show_status, status_code},
    {"endpoints", nullptr, show_endpoints, nullptr},
    {"policies", nullptr, show_policies, nullptr},
    {"ips", nullptr, show_ips, nullptr},
    {"dns", nullptr, show_dns, nullptr},
    {"explain", run_explain_offline, show_explain, explain_code},
    {"why", nullptr, show_why, why_code},
    {"monitor", run_monitor, nullptr, nullptr},
    {"suggest", run_suggest, nullptr, nullptr},
    {"selector", run_selector, nullptr, nullptr},
    {"domain", run_domain, nullptr, nullptr},
    {"schema", run_schema, nullptr, nullptr},
    {"bug-report", run_bug_report, nullptr, nullptr},
    {"completion", run_completion, nullptr, nullptr},
}};

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
    }
    if (context.arguments.command == "explain") {
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

}  // namespace

int run(const std::vector<std::string>& arguments, const Environment& environment) {
    if (!arguments.empty() && arguments.front() == kCompleteCommand) {
        return run_complete({arguments.begin() + 1, arguments.end()}, environment);
    }
    const auto parsed = parse_arguments(arguments);
    if (!parsed) {
        return fail(environment, kUsage, parsed.error().message());
    }
    if (!parsed->text.empty()) {
        environment.out << parsed->text;
        return kYes;
    }
    const Context context{*parsed, environment};
    const auto* const command =
        std::find_if(kCommands.begin(), kCommands.end(), [&parsed](const Command& each) { return each.name == parsed->command; });
    if (command == kCommands.end()) {
        return fail(environment, kUsage, "unknown command \"" + parsed->command + "\"");
    }
    const bool here = command->show == nullptr || parsed->offline;
    if (here) {
        return command->run_here(context);
    }
    const auto once = [command](const Context& each) { return ask(each, *command); };
    return parsed->watch_seconds == 0 ? once(context) : run_watch(context, once);
}

}  // namespace namegate::ctl
