// SPDX-License-Identifier: Apache-2.0
#include "ctl/suggest/suggest.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/reply.h"
#include "base/json_depth.h"
#include "ctl/duration.h"
#include "ctl/reply.h"
#include "ctl/suggest/activity.h"
#include "ctl/suggest/policy_yaml.h"
#include "ctl/suggest/suggested_policy.h"
#include "policy/model/selector.h"

namespace namegate::ctl {

namespace {

using api::Json;

constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20U;
constexpr int kMaxLineDepth = 16;
constexpr std::uint32_t kDefaultSeconds = 60;

// What is left out of the activity: endpoints that were not asked for.
struct Chosen {
    std::string endpoint;                      // empty: all
    std::optional<policy::Selector> selector;  // none: all
};

struct Source {
    Activity activity;
    std::uint64_t unread_lines = 0;
};

bool is_chosen(const Chosen& chosen, const Observation& seen) {
    return chosen.endpoint.empty() || seen.kind == Observation::Kind::kLost || seen.endpoint == chosen.endpoint ||
           (seen.name_space.empty() && seen.endpoint.starts_with(chosen.endpoint));
}

Result<Source> read_log(const std::string& path, const Chosen& chosen) {
    std::ifstream file(path);
    if (!file) {
        return sys_error("open " + path, errno);
    }
    Source out;
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty()) {
            continue;
        }
        const bool readable = line.size() <= kMaxLineBytes && !is_nested_deeper(line, kMaxLineDepth);
        const Json json = readable ? Json::parse(line, nullptr, false) : Json();
        if (!json.is_object()) {
            ++out.unread_lines;
            continue;
        }
        if (const auto seen = read_observation(json); seen && is_chosen(chosen, *seen)) {
            out.activity.note(*seen);
        }
    }
    return out;
}

template <typename Request>
Result<typename Request::Reply> ask(const Context& context, const std::string& socket, const Request& request) {
    NG_ASSIGN(const Json json, context.environment.ask(socket, api::encode_call(request)));
    return api::read_reply<Request>(json);
}

// An endpoint that went meanwhile keeps the labels that were read before.
void read_labels(const Context& context, const std::string& socket, std::map<std::string, policy::Labels>& labels) {
    const auto reply = ask(context, socket, api::EndpointsRequest{});
    if (!reply) {
        return;
    }
    for (const api::EndpointItem& endpoint : *reply) {
        labels[endpoint.endpoint] = endpoint.labels;
    }
}

Result<Source> watch(const Context& context, const std::string& socket, std::uint32_t seconds) {
    api::MonitorRequest request;
    request.denied = request.dns = request.flows = true;
    request.endpoint = context.arguments.operands.empty() ? "" : context.arguments.operands.front();
    std::map<std::string, policy::Labels> labels;
    read_labels(context, socket, labels);
    context.environment.err << "namegatectl: watching for " << seconds << " s\n";
    Source out;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    NG_TRY(context.environment.follow(socket, api::encode_call(request), [&](const Json& event) {
        if (const auto seen = read_observation(event); seen) {
            out.activity.note(*seen);
        }
        return std::chrono::steady_clock::now() < end;
    }));
    read_labels(context, socket, labels);
    for (const auto& [endpoint, own] : labels) {
        out.activity.set_labels(endpoint, own);
    }
    return out;
}

// Rules that allow something and have matched nothing, of all these endpoints. Empty also if the daemon does not say.
std::vector<std::string> unused_rules(const Context& context, const std::string& socket, const std::vector<std::string>& endpoints) {
    std::optional<std::set<std::string>> unused;
    for (const std::string& endpoint : endpoints) {
        const auto reply = ask(context, socket, api::PoliciesRequest{endpoint});
        if (!reply || !reply->object) {
            continue;
        }
        std::set<std::string> own;
        for (const api::CountedRule& rule : reply->object->egress.rules) {
            const bool used = rule.packets + rule.flows > 0;
            if (!used && rule.action == "Allow" && rule.index >= 0) {  // the profile has none
                own.insert(rule.policy + "[" + std::to_string(rule.index) + "]: " + rule.text);
            }
        }
        std::set<std::string> both;
        if (unused) {
            std::set_intersection(unused->begin(), unused->end(), own.begin(), own.end(), std::inserter(both, both.end()));
        }
        unused = unused ? both : own;
    }
    return unused ? std::vector<std::string>(unused->begin(), unused->end()) : std::vector<std::string>();
}

void drop_others(std::vector<SuggestedPolicy>& policies, const Activity& activity, const Chosen& chosen) {
    if (chosen.selector) {
        std::erase_if(policies, [&](const SuggestedPolicy& policy) {
            return !chosen.selector->matches(activity.endpoints().at(policy.endpoints.front()).labels);
        });
    }
}

std::string heading(const Source& source, bool denied) {
    const Activity& activity = source.activity;
    std::string out = comment_line("Suggested by namegatectl from " + std::to_string(activity.flows()) + " flows of " +
                                   std::to_string(activity.seen_endpoints()) + " endpoints, " + activity.first_time() + " to " +
                                   activity.last_time() + ".");
    out += comment_line("It allows what was seen, and selected pods can reach nothing else. Read it before you use it.");
    out += denied ? comment_line("It also allows what was denied (--include-denied). Is all of it wanted?") : "";
    if (activity.lost() > 0 || source.unread_lines > 0 || activity.left_out() > 0) {
        out += comment_line("Rules may be missing: " + std::to_string(activity.lost()) + " events were lost, " +
                            std::to_string(source.unread_lines) + " lines are not valid, " + std::to_string(activity.left_out()) +
                            " events are over a limit.");
    }
    return out;
}

Result<Chosen> chosen_by(const Arguments& arguments) {
    Chosen out;
    out.endpoint = arguments.operands.empty() ? "" : arguments.operands.front();
    if (!arguments.selector.empty()) {
        NG_ASSIGN(out.selector, policy::Selector::parse(arguments.selector));
    }
    return out;
}

int print(const Context& context, const std::string& socket, const Source& source, const Chosen& chosen) {
    const Arguments& arguments = context.arguments;
    auto policies = suggest_policies(source.activity, {arguments.include_denied, arguments.wildcards, arguments.diff});
    drop_others(policies, source.activity, chosen);
    YamlOptions options{arguments.staged, arguments.diff, arguments.include_denied, {}};
    for (const SuggestedPolicy& policy : arguments.diff ? policies : std::vector<SuggestedPolicy>()) {
        options.unused[policy.endpoints.front()] = unused_rules(context, socket, policy.endpoints);
    }
    const std::string text = policies_yaml(policies, options);
    if (text.empty()) {
        return fail(context.environment, kNo, "nothing was seen from which a policy could be suggested");
    }
    context.out() << heading(source, arguments.include_denied) << text;
    return kYes;
}

}  // namespace

int run_suggest(const Context& context) {
    const Arguments& arguments = context.arguments;
    const auto socket = socket_path(arguments);
    const auto chosen = chosen_by(arguments);
    const auto seconds = arguments.span.empty() ? Result<std::uint32_t>(kDefaultSeconds) : parse_duration(arguments.span);
    for (const auto& [good, message] : {std::pair(socket.has_value(), socket ? "" : socket.error().message()),
                                        std::pair(chosen.has_value(), chosen ? "" : "-l: " + chosen.error().message()),
                                        std::pair(seconds.has_value(), seconds ? "" : "--for: " + seconds.error().message())}) {
        if (!good) {
            return fail(context.environment, kUsage, message);
        }
    }
    if (!arguments.from.empty()) {
        const auto source = read_log(arguments.from, *chosen);
        return source ? print(context, *socket, *source, *chosen) : fail(context.environment, kUsage, source.error().message());
    }
    const auto source = watch(context, *socket, *seconds);
    return source ? print(context, *socket, *source, *chosen) : report_failure(context, source.error());
}

}  // namespace namegate::ctl
