// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "ctl/printable.h"
#include "ctl/reply.h"
#include "ctl/show.h"

namespace namegate::ctl {

using api::Json;

namespace {

// The name that the pod looked up, and the address; without a name, the address.
std::string target_text(const Json& entry) {
    const Json& names = member(entry, "names");
    std::string address = remote_text(entry);
    if (!names.is_array() || names.empty()) {
        return address;
    }
    return text_of(names.back()) + " (" + address + ")";
}

std::string verdict_text(const Context& context, const std::string& verdict) {
    std::string text = verdict == "allowed" ? "allowed" : verdict == "denied" ? "still denied" : "not allowed yet";
    if (!context.environment.colour) {
        return text;
    }
    return (verdict == "allowed" ? "\033[1;32m" : verdict == "denied" ? "\033[1;31m" : "\033[1;33m") + text + "\033[0m";
}

void show_now(const Context& context, const Json& now) {
    if (!now.is_object()) {
        return;
    }
    context.out() << "  now:   " << verdict_text(context, text_of(now, "verdict")) << ": " << printable(text_of(now, "reason")) << '\n';
    const Json& advice = member(now, "advice");
    if (!advice.is_array()) {
        return;
    }
    for (const Json& line : advice) {
        context.out() << "  to do: " << printable(text_of(line)) << '\n';
    }
}

void show_entry(const Context& context, const Json& entry) {
    const bool incoming = text_of(entry, "direction") == "ingress";
    const std::string port = text_of(entry, "localPort");
    context.out() << '\n'
                  << printable(text_of(entry, "kind")) << (incoming ? " from " : " to ") << printable(target_text(entry)) << ' '
                  << printable(text_of(entry, "protocol")) << (incoming && port != "0" ? " to port " + port : "") << '\n';
    const std::string rule = text_of(entry, "rule");
    const std::string reason = text_of(entry, "reason");
    context.out() << "  by:    " << printable(rule.empty() ? "a policy that is no longer in force" : rule)
                  << (reason.empty() || reason == text_of(entry, "kind") ? "" : " (" + printable(reason) + ")") << '\n';
    const std::string last = text_of(entry, "lastTime");
    const std::string first = text_of(entry, "firstTime");
    context.out() << "  when:  " << printable(last);
    if (text_of(entry, "count") != "1") {
        context.out() << ", " << text_of(entry, "count") << " times since " << printable(first);
    }
    context.out() << '\n';
    show_now(context, member(entry, "now"));
}

}  // namespace

void show_why(const Context& context, const Json& result) {
    const Json& entries = member(result, "entries");
    const std::string endpoint = printable(text_of(result, "endpoint"));
    if (!entries.is_array() || entries.empty()) {
        context.out() << endpoint << ": nothing was denied lately; " << text_of(result, "deniedPackets")
                      << " packets were denied since the endpoint was added\n";
        return;
    }
    context.out() << endpoint << ": " << text_of(result, "deniedPackets")
                  << " packets were denied since the endpoint was added; the latest, newest first:\n";
    for (const Json& entry : entries) {
        show_entry(context, entry);
    }
}

ExitCode why_code(const Json& result) {
    const Json& entries = member(result, "entries");
    return entries.is_array() && !entries.empty() ? kYes : kNo;
}

}  // namespace namegate::ctl
