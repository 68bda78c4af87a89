// SPDX-License-Identifier: Apache-2.0
#include "ctl/ctl.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "api/reply.h"
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
#include "policy/documents/custom_resources.h"
#include "policy/documents/json_schema.h"

namespace namegate::ctl {

namespace {

int run_schema(const Context& context) {
    context.out() << (context.arguments.crds ? policy::custom_resources() : policy::json_schema());
    return kYes;
}

template <typename Request>
Request request_of(const Arguments& arguments) {
    const auto operand = [&arguments](std::size_t index) {
        return index < arguments.operands.size() ? arguments.operands[index] : std::string();
    };
    Request request;
    if constexpr (requires { request.endpoint; }) {
        request.endpoint = operand(0);
    }
    if constexpr (requires { request.destination; }) {
        request.destination = operand(1);
    }
    if constexpr (requires { request.tls_name; }) {
        request.tls_name = arguments.tls_name;
    }
    if constexpr (requires { request.ingress; }) {
        request.ingress = arguments.ingress;
    }
    return request;
}

// Sends the request to the daemon and prints the reply with `show`. `code`: the exit code for the reply; null: kYes.
template <typename Request, void (*show)(const Context& context, const typename Request::Reply& reply),
          ExitCode (*code)(const typename Request::Reply& reply) = nullptr>
int ask(const Context& context) {
    const auto path = socket_path(context.arguments);
    if (!path) {
        return fail(context.environment, kUsage, path.error().message());
    }
    const auto json = context.environment.ask(*path, api::encode_call(request_of<Request>(context.arguments)));
    if (!json) {
        return report_failure(context, json.error());
    }
    if (context.json()) {
        print_json(context, *json);  // all that the daemon sent, including what this version does not know
        if constexpr (code == nullptr) {
            return kYes;
        }
    }
    const auto reply = api::read_reply<Request>(*json);
    if (!reply) {
        return report_failure(context, reply.error());
    }
    if (!context.json()) {
        show(context, *reply);
    }
    if constexpr (code == nullptr) {
        return kYes;
    } else {
        return code(*reply);
    }
}

struct Command {
    std::string_view name;
    int (*run_here)(const Context& context);  // runs the command here; null: only the daemon has the reply
    int (*ask)(const Context& context);       // null: only run_here
};

// `explain` has both: --offline chooses run_here.
constexpr std::array<Command, 16> kCommands = {{
    {"check", run_check, nullptr},
    {"status", nullptr, ask<api::StatusRequest, show_status, status_code>},
    {"endpoints", nullptr, ask<api::EndpointsRequest, show_endpoints>},
    {"policies", nullptr, ask<api::PoliciesRequest, show_policies>},
    {"ips", nullptr, ask<api::AddressesRequest, show_ips>},
    {"dns", nullptr, ask<api::NamesRequest, show_dns>},
    {"explain", run_explain_offline, ask<api::ExplainRequest, show_explain, explain_code>},
    {"why", nullptr, ask<api::WhyRequest, show_why, why_code>},
    {"staged", nullptr, ask<api::StagedRequest, show_staged, staged_code>},
    {"monitor", run_monitor, nullptr},
    {"suggest", run_suggest, nullptr},
    {"selector", run_selector, nullptr},
    {"domain", run_domain, nullptr},
    {"schema", run_schema, nullptr},
    {"bug-report", run_bug_report, nullptr},
    {"completion", run_completion, nullptr},
}};

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
    if (command->ask == nullptr || parsed->offline) {
        return command->run_here(context);
    }
    return parsed->watch_seconds == 0 ? command->ask(context) : run_watch(context, command->ask);
}

}  // namespace namegate::ctl
