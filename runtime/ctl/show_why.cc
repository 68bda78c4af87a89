// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "ctl/packet_text.h"
#include "ctl/printable.h"
#include "ctl/show.h"

namespace namegate::ctl {

namespace {

constexpr std::string_view kRefusedQuery = "dns-refused";

// The name that the pod looked up, and the address; without a name, the address.
std::string target_text(const api::DenialItem& denial) {
    std::string address = remote_text(denial.remote, std::to_string(denial.remote_port));
    return denial.names.empty() ? address : denial.names.back() + " (" + address + ")";
}

std::string verdict_text(const Context& context, const std::string& verdict) {
    std::string text = verdict == "allowed" ? "allowed" : verdict == "denied" ? "still denied" : "not allowed yet";
    if (!context.environment.colour) {
        return text;
    }
    return (verdict == "allowed" ? "\033[1;32m" : verdict == "denied" ? "\033[1;31m" : "\033[1;33m") + text + "\033[0m";
}

void show_now(const Context& context, const api::VerdictNow& now) {
    context.out() << "  now:   " << verdict_text(context, now.verdict) << ": " << printable(now.reason) << '\n';
    for (const std::string& line : now.advice) {
        context.out() << "  to do: " << printable(line) << '\n';
    }
}

// "denied to api.example.com (192.0.2.1:443) TCP"
std::string headline(const api::DenialItem& denial) {
    if (denial.kind == kRefusedQuery) {
        return denial.kind + " " + query_text(denial.names.empty() ? "" : denial.names.back(), denial.type, denial.remote);
    }
    const bool incoming = denial.direction == "ingress";
    return denial.kind + (incoming ? " from " : " to ") + target_text(denial) + " " + denial.protocol +
           (incoming && denial.local_port != 0 ? " to port " + std::to_string(denial.local_port) : "");
}

std::string cause_text(const api::DenialItem& denial) {
    if (denial.kind == kRefusedQuery) {
        return "DNS queries for allowed names only";
    }
    const char* const no_rule = denial.kind == "dropped" ? "no policy" : "a policy that is no longer in force";
    return denial.rule.empty() ? no_rule : denial.rule;
}

void show_denial(const Context& context, const api::DenialItem& denial) {
    context.out() << '\n' << printable(headline(denial)) << '\n';
    context.out() << "  by:    " << printable(cause_text(denial))
                  << (denial.reason.empty() || denial.reason == denial.kind ? "" : " (" + printable(denial.reason) + ")") << '\n';
    if (denial.tls_name) {
        context.out() << "  name:  " << printable(*denial.tls_name) << ", which the connection showed (TLS)\n";
    }
    context.out() << "  when:  " << printable(denial.last_time);
    if (denial.count != 1) {
        context.out() << ", " << denial.count << " times since " << printable(denial.first_time);
    }
    context.out() << '\n';
    if (denial.now) {
        show_now(context, *denial.now);
    }
}

}  // namespace

void show_why(const Context& context, const api::WhyReply& reply) {
    context.out() << printable(reply.endpoint);
    if (reply.entries.empty()) {
        context.out() << ": nothing was denied lately; " << reply.denied_packets << " packets were denied since the endpoint was added\n";
        return;
    }
    context.out() << ": " << reply.denied_packets << " packets were denied since the endpoint was added; the latest, newest first:\n";
    for (const api::DenialItem& denial : reply.entries) {
        show_denial(context, denial);
    }
}

ExitCode why_code(const api::WhyReply& reply) { return reply.entries.empty() ? kNo : kYes; }

}  // namespace namegate::ctl
