// SPDX-License-Identifier: Apache-2.0
#include "ctl/monitor.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "api/commands.h"
#include "api/replies/codec.h"
#include "api/replies/event.h"
#include "ctl/duration.h"
#include "ctl/event_fold.h"
#include "ctl/grouped.h"
#include "ctl/packet_text.h"
#include "ctl/printable.h"

namespace namegate::ctl {

using api::Json;

namespace {

using api::EventItem;

std::string text_or_empty(const std::optional<std::string>& text) { return text.value_or(std::string()); }
std::string digits_of(std::uint64_t number) { return std::to_string(number); }

// " (api.example.com)", the name that the pod looked up last; empty: there is none.
std::string looked_up(const EventItem& event) {
    return event.names && !event.names->empty() ? " (" + event.names->back() + ")" : std::string();
}

std::string packet_text(const EventItem& event) {
    const bool incoming = event.direction == "ingress";
    std::string out = (incoming ? "from " : "to ") + remote_text(text_or_empty(event.remote), digits_of(event.remote_port.value_or(0)));
    out += looked_up(event) + " " + text_or_empty(event.protocol);
    if (incoming && event.local_port.value_or(0) != 0) {
        out += " to port " + digits_of(*event.local_port);
    }
    if (event.tls_name) {
        out += " as " + *event.tls_name;
    }
    if (const std::string rule = text_or_empty(event.rule); !rule.empty()) {
        out += " by " + rule;
    }
    return out;
}

// The verdict of the staged policies for the packet; empty: none selects the endpoint.
std::string staged_text(const EventItem& event) {
    if (!event.staged) {
        return {};
    }
    if (const std::string error = text_or_empty(event.staged->error); !error.empty()) {
        return "; staged policies: no verdict: " + error;
    }
    return std::string("; staged policies: ") + (event.staged->allowed.value_or(false) ? "allowed by " : "denied by ") +
           (event.staged->by_staged.value_or(false) ? "staged " : "") + text_or_empty(event.staged->rule);
}

// How a response reached the pod, unless the programs decided it, as they do with most.
std::string path_text(const EventItem& event) { return !event.path || event.path == "kernel" ? std::string() : ", " + *event.path; }

std::string response_text(const EventItem& event) {
    std::string addresses;
    for (const std::string& address : event.addresses.value_or(api::Texts())) {
        addresses += (addresses.empty() ? "" : ",") + address;
    }
    return text_or_empty(event.name) + (addresses.empty() ? " has no addresses" : " is " + addresses) + ", from " +
           text_or_empty(event.server) + ", " + digits_of(event.opened.value_or(0)) + " opened" + path_text(event);
}

std::string address_text(const EventItem& event) {
    return text_or_empty(event.address) + looked_up(event) +
           (event.kind == "address-opened" ? " until " + text_or_empty(event.expires) : std::string());
}

std::string endpoint_of(const EventItem& event) {
    return event.endpoint ? *event.endpoint : event.endpoint_id ? "endpoint " + digits_of(*event.endpoint_id) : "node";
}

std::string counted(const std::optional<std::uint64_t>& packets, const std::optional<std::uint64_t>& bytes) {
    const std::string count = grouped(digits_of(packets.value_or(0)));
    return count + (count == "1" ? " packet, " : " packets, ") + grouped(digits_of(bytes.value_or(0))) + " bytes";
}

// 1.25 -> "1.250 ms"
std::string milliseconds_text(double milliseconds) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f ms", milliseconds);
    return text.data();
}

// 1234 -> "1.234 s"
std::string seconds_text(std::uint64_t milliseconds) {
    std::string digits = digits_of(milliseconds);
    digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
    return digits.insert(digits.size() - 3, ".") + " s";
}

// What differs between events that are otherwise alike: how long a DNS query waited, and how a flow ended. Empty: neither is known.
std::string end_text(const EventItem& event) {
    if (event.latency_ms) {
        return ", after " + milliseconds_text(*event.latency_ms);
    }
    if (!event.duration_ms) {
        return {};
    }
    return ", " + event.end.value_or("ended") + " after " + seconds_text(*event.duration_ms) + ": sent " +
           counted(event.packets_sent, event.bytes_sent) + ", received " + counted(event.packets_received, event.bytes_received);
}

std::string detail_text(const EventItem& event) {
    return event.text                    ? *event.text
           : event.kind == "dns"         ? response_text(event)
           : event.kind == "dns-refused" ? query_text(text_or_empty(event.name), event.type, text_or_empty(event.server))
           : event.address               ? address_text(event)
                                         : packet_text(event);
}

// The line without its time and without what end_text() returns.
std::string event_text(const EventItem& event) {
    std::string line = event.kind + " " + endpoint_of(event) + " " + detail_text(event);
    if (const std::string reason = text_or_empty(event.reason); !reason.empty() && reason != event.kind) {
        line += " (" + reason + ")";
    }
    return line + staged_text(event);
}

std::string lost_text(const EventItem& event) {
    return digits_of(event.count.value_or(0)) + " events were lost: they came faster than they were read, or they are too old";
}

std::string coloured(const std::string& line, const std::string& kind) {
    const char* const colour = kind == "denied" || kind == "cut" || kind == "dropped" || kind == "dns-refused" || kind == "policy-refused"
                                   ? "\033[31m"
                               : kind == "limit" ? "\033[33m"
                               : kind == "dns"   ? "\033[36m"
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
        } else if (const auto item = api::from_json<EventItem>(event); !item) {
            print_lines(
                {"an event cannot be shown: " + item.error().message() + "; the daemon may have another version than this program"});
        } else if (item->kind == "lost") {
            print_lines({lost_text(*item)});
        } else {
            print_lines(fold_.add(text_or_empty(item->time), event_text(*item), now, end_text(*item)));
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
    request.addresses = arguments.addresses;
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
