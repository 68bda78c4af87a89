// SPDX-License-Identifier: Apache-2.0
#include "ctl/monitor.h"

#include <chrono>
#include <vector>

#include "api/commands.h"
#include "ctl/duration.h"
#include "ctl/event_fold.h"
#include "ctl/grouped.h"
#include "ctl/packet_text.h"
#include "ctl/printable.h"
#include "ctl/reply.h"

namespace namegate::ctl {

using api::Json;

namespace {

std::string packet_text(const Json& event) {
    const bool incoming = text_of(event, "direction") == "ingress";
    std::string out = (incoming ? "from " : "to ") + remote_text(text_of(event, "remote"), text_of(event, "remotePort"));
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

std::string endpoint_of(const Json& event) {
    const std::string name = text_of(event, "endpoint");
    const std::string id = text_of(event, "endpointId");
    return !name.empty() ? name : id.empty() ? "node" : "endpoint " + id;
}

std::string counted(const Json& event, const char* packets, const char* bytes) {
    const std::string count = grouped(text_of(event, packets));
    return count + (count == "1" ? " packet, " : " packets, ") + grouped(text_of(event, bytes)) + " bytes";
}

// 1234 -> "1.234 s"
std::string seconds_text(const Json& milliseconds) {
    std::string digits = text_of(milliseconds);
    digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
    return digits.insert(digits.size() - 3, ".") + " s";
}

// How a flow ended; empty: the event is another one.
std::string end_text(const Json& event) {
    if (!event.contains("durationMs")) {
        return {};
    }
    const std::string end = text_of(event, "end");
    return ", " + (end.empty() ? "ended" : end) + " after " + seconds_text(member(event, "durationMs")) + ": sent " +
           counted(event, "packetsSent", "bytesSent") + ", received " + counted(event, "packetsReceived", "bytesReceived");
}

std::string detail_text(const Json& event, const std::string& kind) {
    if (member(event, "text").is_string()) {
        return text_of(event, "text");
    }
    return kind == "dns" ? response_text(event) : packet_text(event);
}

std::string coloured(const std::string& line, const std::string& kind) {
    const char* const colour = kind == "denied" || kind == "cut" || kind == "dropped" || kind == "policy-refused" ? "\033[31m"
                               : kind == "limit"                                                                  ? "\033[33m"
                               : kind == "dns"                                                                    ? "\033[36m"
                                                                                                                  : "";
    return *colour == '\0' ? line : colour + line + "\033[0m";
}

// Prints the events of a stream.
class Printer {
  public:
    explicit Printer(const Context& context) : context_(context) {}

    // Null: no event came for a while. False: the output is closed.
    bool print(const Json& event) {
        const auto now = std::chrono::steady_clock::now();
        if (event.is_null()) {
            print_lines(fold_.expire(now));
        } else if (context_.json()) {
            context_.out() << ascii(versioned(event), -1) << std::endl;
        } else if (text_of(event, "kind") == "lost") {
            print_lines({event_line(event)});
        } else {
            print_lines(fold_.add(text_of(event, "time"), event_text(event), now, end_text(event)));
        }
        return static_cast<bool>(context_.out());
    }
    void finish() { print_lines(fold_.finish()); }

  private:
    void print_lines(const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            const std::string text = printable(line);
            const std::size_t kind = text.find(' ') + 1;
            context_.out() << (context_.environment.colour ? coloured(text, text.substr(kind, text.find(' ', kind) - kind)) : text)
                           << std::endl;
        }
    }

    const Context& context_;
    EventFold fold_;
};

}  // namespace

std::string event_text(const Json& event) {
    const std::string kind = text_of(event, "kind");
    std::string line = kind + " " + endpoint_of(event) + " " + detail_text(event, kind);
    const std::string reason = text_of(event, "reason");
    if (!reason.empty() && reason != kind) {
        line += " (" + reason + ")";
    }
    return line + staged_text(event);
}

std::string event_line(const Json& event) {
    if (text_of(event, "kind") == "lost") {
        return text_of(event, "count") + " events were lost: they came faster than they were read, or they are too old";
    }
    return text_of(event, "time") + " " + event_text(event) + end_text(event);
}

int run_monitor(const Context& context) {
    const auto path = socket_path(context.arguments);
    if (!path) {
        return fail(context.environment, kUsage, path.error().message());
    }
    const Arguments& arguments = context.arguments;
    api::MonitorRequest request;
    request.denied = arguments.denied;
    request.dns = arguments.dns;
    request.flows = arguments.flows;
    request.name_space = arguments.name_space;
    request.pod = arguments.pod;
    request.name = arguments.name;
    request.rule = arguments.rule;
    if (!arguments.since.empty()) {
        const auto seconds = parse_duration(arguments.since);
        if (!seconds) {
            return fail(context.environment, kUsage, "--since: " + seconds.error().message());
        }
        request.since_seconds = *seconds;
    }
    if (!arguments.operands.empty()) {
        request.endpoint = arguments.operands.front();
    }
    Printer printer(context);
    const auto followed =
        context.environment.follow(*path, api::encode_call(request), [&printer](const Json& event) { return printer.print(event); });
    printer.finish();
    return followed ? kYes : report_failure(context, followed.error());
}

}  // namespace namegate::ctl
