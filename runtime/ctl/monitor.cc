// SPDX-License-Identifier: Apache-2.0
#include "ctl/monitor.h"

#include "api/commands.h"
#include "ctl/printable.h"
#include "ctl/reply.h"

namespace namegate::ctl {

using api::Json;

namespace {

std::string with_port(const Json& event, const char* address, const char* port) {
    std::string text = text_of(event, address);
    const std::string number = text_of(event, port);
    if (number.empty() || number == "0") {
        return text;
    }
    return (text.find(':') == std::string::npos ? text : "[" + text + "]") + ":" + number;
}

std::string packet_text(const Json& event) {
    const bool incoming = text_of(event, "direction") == "ingress";
    std::string out = (incoming ? "from " : "to ") + with_port(event, "remote", "remotePort");
    if (const Json& names = member(event, "names"); names.is_array() && !names.empty()) {
        out += " (" + text_of(names.back()) + ")";  // the name that the pod looked up
    }
    out += " " + text_of(event, "protocol");
    if (incoming && text_of(event, "localPort") != "0") {
        out += " to port " + text_of(event, "localPort");
    }
    if (const std::string rule = text_of(event, "rule"); !rule.empty()) {
        out += " by " + rule;
    }
    return out;
}

// The verdict of the staged policies for the packet; empty: none selects the endpoint.
std::string staged_text(const Json& event) {
    const Json& staged = member(event, "staged");
    if (!staged.is_object()) {
        return {};
    }
    if (const std::string error = text_of(staged, "error"); !error.empty()) {
        return "; staged policies: no verdict: " + error;
    }
    return std::string("; staged policies: ") + (is_true(staged, "allowed") ? "allowed by " : "denied by ") +
           (is_true(staged, "byStaged") ? "staged " : "") + text_of(staged, "rule");
}

std::string response_text(const Json& event) {
    const std::string addresses = joined(member(event, "addresses"), ",");
    return text_of(event, "name") + (addresses.empty() ? " has no addresses" : " is " + addresses) + ", from " + text_of(event, "server") +
           ", " + text_of(event, "opened") + " opened";
}

}  // namespace

std::string event_line(const Json& event) {
    const std::string kind = text_of(event, "kind");
    if (kind == "lost") {
        return text_of(event, "count") + " events were lost: they came faster than they were read";
    }
    std::string endpoint = text_of(event, "endpoint");
    if (endpoint.empty()) {
        endpoint = "endpoint " + text_of(event, "endpointId");
    }
    std::string line = text_of(event, "time") + " " + kind + " " + endpoint + " ";
    line += kind == "dns" ? response_text(event) : packet_text(event);
    const std::string reason = text_of(event, "reason");
    if (!reason.empty() && reason != kind) {
        line += " (" + reason + ")";
    }
    return line + staged_text(event);
}

int run_monitor(const Context& context) {
    const auto path = socket_path(context.arguments);
    if (!path) {
        return fail(context.environment, kUsage, path.error().message());
    }
    api::MonitorRequest request;
    request.denied = context.arguments.denied;
    request.dns = context.arguments.dns;
    if (!context.arguments.operands.empty()) {
        request.endpoint = context.arguments.operands.front();
    }
    const auto followed = context.environment.follow(*path, api::encode_call(request), [&context](const Json& event) {
        context.out() << (context.json() ? ascii(versioned(event), -1) : printable(event_line(event))) << std::endl;
        return static_cast<bool>(context.out());
    });
    return followed ? kYes : report_failure(context, followed.error());
}

}  // namespace namegate::ctl
