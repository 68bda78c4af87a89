// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include "ctl/printable.h"
#include "ctl/reply.h"
#include "ctl/show.h"
#include "ctl/table.h"

namespace namegate::ctl {

using api::Json;

namespace {

constexpr std::size_t kShownContainerId = 12;

// "default/weather[1]" is the second rule of the policy. Empty for the end of a tier, which has no policy.
std::string policy_rule_of(const Json& rule) {
    const std::string policy = text_of(rule, "policy");
    const Json& index = member(rule, "index");
    return policy.empty() || !is_count(index) ? policy : policy + "[" + text_of(index) + "]";
}

std::string place_of(const Json& rule) {
    const std::string file = text_of(rule, "file");
    return file.empty() || number_of(rule, "line") == 0 ? file : file + ":" + text_of(rule, "line");
}

// The rules with the staged policies, and how many live flows they would deny.
void show_staged(const Context& context, std::string_view name, const Json& staged) {
    if (!staged.is_object()) {
        return;
    }
    context.out() << '\n' << name << " with the staged policies, which are not enforced:";
    if (const std::string error = text_of(staged, "error"); !error.empty()) {
        context.out() << " error: " << printable(error) << '\n';
        return;
    }
    context.out() << '\n';
    Table table({"#", "TIER", "POLICY", "ACTION", "RULE", "STAGED", "PLACE"});
    for (const Json& rule : member(staged, "rules")) {
        table.add({text_of(rule, "number"), text_of(rule, "tier"), policy_rule_of(rule), text_of(rule, "action"), text_of(rule, "text"),
                   is_true(rule, "staged") ? "staged" : "", place_of(rule)});
    }
    table.print(context.out(), context.width());
    const std::string example = text_of(staged, "example");
    context.out() << "they would deny " << text_of(staged, "deniedFlows") << " of " << text_of(staged, "liveFlows") << " live flows"
                  << (example.empty() ? "" : ", such as " + printable(example)) << '\n';
}

void show_direction(const Context& context, std::string_view name, const Json& direction) {
    context.out() << '\n' << name << ": ";
    const Json& enforced = member(direction, "enforced");
    if (!enforced.is_boolean() || !enforced.get<bool>()) {
        context.out() << "open, no policy selects it in this direction\n";
        return;
    }
    context.out() << "enforced\n";
    Table table({"#", "TIER", "POLICY", "ACTION", "RULE", "PACKETS", "FLOWS", "PLACE"});
    for (const Json& rule : member(direction, "rules")) {
        table.add({text_of(rule, "number"), text_of(rule, "tier"), policy_rule_of(rule), text_of(rule, "action"), text_of(rule, "text"),
                   text_of(rule, "packets"), text_of(rule, "flows"), place_of(rule)});
    }
    table.print(context.out(), context.width());
}

// All policies, whether or not they select an endpoint.
void show_policy_list(const Context& context, const Json& policies) {
    Table table({"TIER", "ORDER", "KIND", "POLICY", "STAGED", "ENDPOINTS", "MATCHED", "PLACE"});
    for (const Json& policy : policies) {
        const std::string unknown = text_of(policy, "unknownEndpoints");
        const std::string matched = text_of(policy, "matchedRules");
        table.add({text_of(policy, "tier"), text_of(policy, "order"), text_of(policy, "kind"), text_of(policy, "policy"),
                   is_true(policy, "staged") ? "staged" : "",
                   text_of(policy, "endpoints") + (number_of(policy, "unknownEndpoints") == 0 ? "" : ", unknown of " + unknown),
                   matched.empty() ? "" : matched + " of " + text_of(policy, "rules") + " rules", place_of(policy)});
    }
    if (table.empty()) {
        context.out() << "no policies\n";
        return;
    }
    table.print(context.out(), context.width());
}

}  // namespace

void show_endpoints(const Context& context, const Json& result) {
    if (!result.is_array() || result.empty()) {
        context.out() << "no endpoints\n";
        return;
    }
    Table table({"ID", "ENDPOINT", {"CONTAINER", true, true}, {"INTERFACE", true, true}, "ADDRESSES", "MODE", "POLICIES", "LABELS"});
    std::vector<std::string> errors;
    for (const Json& endpoint : result) {
        table.add({text_of(endpoint, "id"), text_of(endpoint, "endpoint"), text_of(endpoint, "containerId").substr(0, kShownContainerId),
                   text_of(endpoint, "interface"), items_of(member(endpoint, "addresses")), text_of(endpoint, "mode"),
                   items_of(member(endpoint, "policies")), label_items(member(endpoint, "labels"), context.arguments.all_labels)});
        if (const std::string error = text_of(endpoint, "error"); !error.empty()) {
            errors.push_back(text_of(endpoint, "endpoint") + ": " + error);
        }
    }
    table.print(context.out(), context.width());
    for (const std::string& error : errors) {
        context.out() << "error: " << printable(error) << '\n';
    }
}

void show_policies(const Context& context, const Json& result) {
    if (result.is_array()) {
        show_policy_list(context, result);
        return;
    }
    context.out() << printable(text_of(result, "endpoint")) << '\n';
    if (const std::string error = text_of(result, "error"); !error.empty()) {
        context.out() << "error: " << printable(error) << '\n';
    }
    if (const Json& notes = member(result, "notes"); notes.is_array()) {
        for (const Json& note : notes) {
            context.out() << "note: " << printable(text_of(note)) << '\n';
        }
    }
    if (text_of(result, "mode") == "closed") {
        context.out() << "closed: nothing passes until its policy is known\n";
    }
    for (const char* name : {"egress", "ingress"}) {
        const Json& direction = member(result, name);
        show_direction(context, name, direction);
        show_staged(context, name, member(direction, "staged"));
    }
}

}  // namespace namegate::ctl
