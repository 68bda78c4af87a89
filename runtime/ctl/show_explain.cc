// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "ctl/printable.h"
#include "ctl/reply.h"
#include "ctl/show.h"
#include "ctl/table.h"

namespace namegate::ctl {

using api::Json;

namespace {

// A daemon of another version may send only "allowed".
ExitCode verdict_of(const Json& result) {
    return is_true(result, "allowed") ? kYes : text_of(result, "verdict") == "after lookup" ? kNotYet : kNo;
}

std::string verdict_text(const Context& context, const Json& result) {
    const ExitCode verdict = verdict_of(result);
    std::string text = verdict == kYes ? "allowed" : verdict == kNotYet ? "not allowed yet" : "denied";
    if (!context.environment.colour) {
        return text;
    }
    return (verdict == kYes ? "\033[1;32m" : verdict == kNotYet ? "\033[1;33m" : "\033[1;31m") + text + "\033[0m";
}

std::string policy_rule_of(const Json& rule) {
    const std::string policy = text_of(rule, "policy");
    const Json& index = member(rule, "index");
    return policy.empty() || !is_count(index) ? policy : policy + "[" + text_of(index) + "]";
}

void show_path(const Context& context, const Json& path) {
    if (!path.is_array() || path.empty()) {
        return;
    }
    context.out() << '\n';
    Table table({"#", "TIER", "POLICY", "RULE", "OUTCOME"});
    for (const Json& rule : path) {
        const std::string outcome = is_true(rule, "matched") ? text_of(rule, "action") : "no: " + text_of(rule, "why");
        table.add({text_of(rule, "number"), text_of(rule, "tier"), policy_rule_of(rule), text_of(rule, "text"), outcome});
    }
    table.print(context.out(), context.width(), "  ");
}

void show_staged(const Context& context, const Json& result) {
    const Json& staged = member(result, "staged");
    if (!staged.is_object()) {
        return;
    }
    context.out() << "  with the staged policies: " << verdict_text(context, staged) << ": " << printable(text_of(staged, "reason"))
                  << '\n';
}

void show_result(const Context& context, const std::string& destination, const Json& result) {
    const std::string address = text_of(result, "address");
    const std::string family = text_of(result, "family");
    context.out() << '\n';
    if (!address.empty()) {
        context.out() << printable(address);
    } else {
        context.out() << "an " << (family == "any" ? "" : family + " ") << "address that only " << printable(destination) << " leads to";
    }
    const std::string names = joined(member(result, "names"), ", ");
    context.out() << (names.empty() || names == address ? "" : " (" + printable(names) + ")") << ": " << verdict_text(context, result)
                  << '\n';
    context.out() << "  " << printable(text_of(result, "reason")) << '\n';
    show_staged(context, result);
    show_path(context, member(result, "path"));
    const Json& advice = member(result, "advice");
    if (advice.is_array() && !advice.empty()) {
        context.out() << (verdict_of(result) == kNotYet ? "\n  First:\n" : "\n  To allow it, one of:\n");
        for (const Json& line : advice) {
            context.out() << "  - " << printable(text_of(line)) << '\n';
        }
    }
}

}  // namespace

void show_explain(const Context& context, const Json& result) {
    const bool ingress = text_of(result, "direction") == "ingress";
    const std::string destination = text_of(result, "destination");
    context.out() << printable(text_of(result, "endpoint")) << (ingress ? " <- " : " -> ") << printable(destination) << ", "
                  << printable(text_of(result, "service")) << (is_true(result, "assumed") ? " (the default)" : "") << '\n';
    const Json& notes = member(result, "notes");
    if (notes.is_array()) {
        for (const Json& note : notes) {
            context.out() << "note: " << printable(text_of(note)) << '\n';
        }
    }
    const Json& results = member(result, "results");
    if (results.is_array()) {
        for (const Json& one : results) {
            show_result(context, destination, one);
        }
    }
}

ExitCode explain_code(const Json& result) { return verdict_of(result); }

}  // namespace namegate::ctl
