// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "base/listed.h"
#include "ctl/printable.h"
#include "ctl/rule_text.h"
#include "ctl/show.h"
#include "ctl/table.h"

namespace namegate::ctl {

namespace {

// Of a reply, a result, or its staged verdict.
template <typename Verdict>
ExitCode verdict_of(const Verdict& verdict) {
    return verdict.allowed ? kYes : verdict.verdict == "after lookup" ? kNotYet : kNo;
}

std::string verdict_text(const Context& context, ExitCode verdict) {
    std::string text = verdict == kYes ? "allowed" : verdict == kNotYet ? "not allowed yet" : "denied";
    if (!context.environment.colour) {
        return text;
    }
    return (verdict == kYes ? "\033[1;32m" : verdict == kNotYet ? "\033[1;33m" : "\033[1;31m") + text + "\033[0m";
}

void show_path(const Context& context, const std::vector<api::ExplainStep>& path) {
    if (path.empty()) {
        return;
    }
    context.out() << '\n';
    Table table({"#", "TIER", "POLICY", "RULE", "OUTCOME"});
    for (const api::ExplainStep& rule : path) {
        const std::string outcome = rule.why.empty() ? rule.action : (rule.matched ? "Deny: " : "no: ") + rule.why;
        table.add({std::to_string(rule.number), rule.tier, policy_rule_of(rule), rule_text_of(rule), outcome});
    }
    table.print(context.out(), context.width(), "  ");
}

void show_result(const Context& context, const std::string& destination, const api::ExplainResult& result) {
    context.out() << '\n';
    if (!result.address.empty()) {
        context.out() << printable(result.address);
    } else {
        context.out() << "an " << (result.family == "any" ? "" : printable(result.family) + " ") << "address that only "
                      << printable(destination) << " leads to";
    }
    const std::string names = listed(result.names, result.names.size());
    context.out() << (names.empty() || names == result.address ? "" : " (" + printable(names) + ")") << ": "
                  << verdict_text(context, verdict_of(result)) << '\n';
    context.out() << "  " << printable(result.reason) << '\n';
    if (result.staged) {
        context.out() << "  with the staged policies: " << verdict_text(context, verdict_of(*result.staged)) << ": "
                      << printable(result.staged->reason) << '\n';
    }
    show_path(context, result.path);
    if (!result.advice.empty()) {
        context.out() << (verdict_of(result) == kNotYet ? "\n  First:\n" : "\n  To allow it, one of:\n");
    }
    for (const std::string& line : result.advice) {
        context.out() << "  - " << printable(line) << '\n';
    }
}

}  // namespace

void show_explain(const Context& context, const api::ExplainReply& reply) {
    context.out() << printable(reply.endpoint) << (reply.direction == "ingress" ? " <- " : " -> ") << printable(reply.destination) << ", "
                  << printable(reply.service) << (reply.assumed ? " (the default)" : "") << '\n';
    for (const std::string& note : reply.notes) {
        context.out() << "note: " << printable(note) << '\n';
    }
    for (const api::ExplainResult& result : reply.results) {
        show_result(context, reply.destination, result);
    }
}

ExitCode explain_code(const api::ExplainReply& reply) { return verdict_of(reply); }

}  // namespace namegate::ctl
