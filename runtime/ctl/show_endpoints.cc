// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "api/replies/codec.h"
#include "base/listed.h"
#include "ctl/printable.h"
#include "ctl/rule_text.h"
#include "ctl/show.h"
#include "ctl/table.h"
#include "policy/model/system_labels.h"

namespace namegate::ctl {

namespace {

constexpr std::size_t kShownContainerId = 12;
constexpr std::size_t kNamedPolicies = 4;

// "app=weather" for each label; without the system labels (system_labels.h) unless `all`.
api::Texts label_items(const api::TextMap& labels, bool all) {
    api::Texts out;
    for (const auto& [name, value] : labels) {
        if (all || !policy::is_system_label(name)) {
            out.push_back(name + "=" + value);
        }
    }
    return out;
}

// The rules with the staged policies, and how many live flows they would deny.
void show_staged(const Context& context, std::string_view name, const api::StagedEffect& staged) {
    context.out() << '\n' << name << " with the staged policies, which are not enforced:";
    if (!staged.error.empty()) {
        context.out() << " error: " << printable(staged.error) << '\n';
        return;
    }
    context.out() << '\n';
    Table table({"#", "TIER", "POLICY", "ACTION", "RULE", "STAGED", "PLACE"});
    for (const api::StagedRule& rule : staged.rules) {
        table.add({std::to_string(rule.number), rule.tier, policy_rule_of(rule), rule.action, rule_text_of(rule),
                   rule.staged ? "staged" : "", place_text(rule.file, rule.line)});
    }
    table.print(context.out(), context.width());
    const std::string example = staged.example.value_or("");
    context.out() << "they would deny " << staged.denied_flows.value_or(0) << " of " << staged.live_flows.value_or(0) << " live flows"
                  << (example.empty() ? "" : ", such as " + printable(example)) << '\n';
}

void show_direction(const Context& context, std::string_view name, const api::DirectionRules& direction) {
    context.out() << '\n' << name << ": ";
    if (!direction.enforced) {
        context.out() << "open, no policy selects it in this direction\n";
        return;
    }
    context.out() << "enforced\n";
    Table table({"#", "TIER", "POLICY", "ACTION", "RULE", "PACKETS", "FLOWS", "PLACE"});
    for (const api::CountedRule& rule : direction.rules) {
        table.add({std::to_string(rule.number), rule.tier, policy_rule_of(rule), rule.action, rule_text_of(rule),
                   std::to_string(rule.packets), std::to_string(rule.flows), place_text(rule.file, rule.line)});
    }
    table.print(context.out(), context.width());
}

// One line about the rules that never matched, of the policies that select an endpoint. Empty: all matched.
std::string never_matched_text(const api::PolicyList& policies) {
    std::uint64_t rules = 0;
    std::uint64_t unused = 0;
    std::vector<std::string> names;
    for (const api::PolicyItem& policy : policies) {
        if (!policy.matched_rules || policy.endpoints == 0) {
            continue;
        }
        rules += policy.rules;
        if (const std::uint64_t own = policy.rules - std::min(policy.rules, *policy.matched_rules); own > 0) {
            unused += own;
            names.push_back(policy.policy + " (" + std::to_string(own) + ")");
        }
    }
    return unused == 0
               ? ""
               : std::to_string(unused) + " of " + std::to_string(rules) +
                     " rules have not matched a packet yet: " + listed(names, kNamedPolicies) + "; see: namegatectl policies ENDPOINT";
}

// All policies, whether or not they select an endpoint.
void show_policy_list(const Context& context, const api::PolicyList& policies) {
    Table table({"TIER", "ORDER", "KIND", "POLICY", "STAGED", "DNS", "ENDPOINTS", "MATCHED", "PLACE"});
    for (const api::PolicyItem& policy : policies) {
        const std::string unknown = policy.unknown_endpoints == 0 ? "" : ", unknown of " + std::to_string(policy.unknown_endpoints);
        table.add({policy.tier, policy.order ? api::to_json(*policy.order).dump() : "", policy.kind, policy.policy,
                   policy.staged ? "staged" : "", policy.dns.value_or(""), std::to_string(policy.endpoints) + unknown,
                   policy.matched_rules ? std::to_string(*policy.matched_rules) + " of " + std::to_string(policy.rules) + " rules" : "",
                   place_text(policy.file, policy.line)});
    }
    if (table.empty()) {
        context.out() << "no policies\n";
        return;
    }
    table.print(context.out(), context.width());
    if (const std::string line = never_matched_text(policies); !line.empty()) {
        context.out() << '\n' << printable(line) << '\n';
    }
}

void show_rules(const Context& context, const api::RulesReply& reply) {
    context.out() << printable(reply.endpoint) << '\n';
    if (!reply.error.empty()) {
        context.out() << "error: " << printable(reply.error) << '\n';
    }
    for (const std::string& note : reply.notes) {
        context.out() << "note: " << printable(note) << '\n';
    }
    if (reply.mode == "closed") {
        context.out() << "closed: nothing passes until its policy is known\n";
    }
    if (const std::string dns = reply.dns_queries.value_or("any"); dns != "any") {
        context.out() << "DNS queries: " << (dns == "allowed" ? "for allowed names only" : "those for other names are reported") << '\n';
    }
    for (const auto& [name, direction] : {std::pair("egress", &reply.egress), std::pair("ingress", &reply.ingress)}) {
        show_direction(context, name, *direction);
        if (direction->staged) {
            show_staged(context, name, *direction->staged);
        }
    }
}

}  // namespace

void show_endpoints(const Context& context, const api::EndpointsReply& reply) {
    if (reply.empty()) {
        context.out() << "no endpoints\n";
        return;
    }
    Table table({"ID", "ENDPOINT", {"CONTAINER", true, true}, {"INTERFACE", true, true}, "ADDRESSES", "MODE", "POLICIES", "LABELS"});
    api::Texts errors;
    for (const api::EndpointItem& endpoint : reply) {
        table.add({std::to_string(endpoint.id), endpoint.endpoint, endpoint.container_id.substr(0, kShownContainerId), endpoint.interface,
                   endpoint.addresses, endpoint.mode, endpoint.policies, label_items(endpoint.labels, context.arguments.all_labels)});
        if (!endpoint.error.empty()) {
            errors.push_back(endpoint.endpoint + ": " + endpoint.error);
        }
    }
    table.print(context.out(), context.width());
    for (const std::string& error : errors) {
        context.out() << "error: " << printable(error) << '\n';
    }
}

void show_policies(const Context& context, const api::PoliciesReply& reply) {
    if (reply.object) {
        show_rules(context, *reply.object);
    } else {
        show_policy_list(context, reply.list);
    }
}

}  // namespace namegate::ctl
