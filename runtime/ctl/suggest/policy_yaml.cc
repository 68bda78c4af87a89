// SPDX-License-Identifier: Apache-2.0
#include "ctl/suggest/policy_yaml.h"

#include <algorithm>

#include "base/printable.h"
#include "policy/model/protocol.h"

namespace namegate::ctl {

namespace {

constexpr std::size_t kShownEndpoints = 5;

bool is_plain_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/'; }

// Without quotes only what no reader of YAML can take for something else than text: a name with a dot and letters, a prefix.
std::string scalar(const std::string& text) {
    const bool is_letter_first = !text.empty() && text.front() >= 'a' && text.front() <= 'z';
    const bool is_prefix = text.find('/') != std::string::npos && text.find(':') == std::string::npos;
    const bool plain = std::all_of(text.begin(), text.end(), is_plain_character) &&
                       (is_prefix || (is_letter_first && (text.find('.') != std::string::npos || text.find('-') != std::string::npos)));
    return plain ? text : json_string(text);  // YAML's double quotes have the escapes of JSON
}

std::string number_list(const std::vector<std::string>& ports) {
    std::string out;
    for (const std::string& port : ports) {
        out += (out.empty() ? "" : ", ") + (port.find(':') == std::string::npos ? port : "'" + port + "'");
    }
    return "[" + out + "]";
}

std::string endpoints_text(const std::vector<std::string>& endpoints) {
    std::string out;
    for (std::size_t i = 0; i < std::min(endpoints.size(), kShownEndpoints); ++i) {
        out += (i == 0 ? "" : ", ") + endpoints[i];
    }
    return out + (endpoints.size() > kShownEndpoints ? " and " + std::to_string(endpoints.size() - kShownEndpoints) + " more" : "");
}

void add_rule(std::string& out, const SuggestedRule& rule) {
    if (rule.dns) {
        out += "  # queries to the DNS servers; without this rule no name opens an address\n";
    }
    const std::string name = policy::protocol_name(rule.protocol);
    out += "  - action: Allow\n    protocol: " + name + "\n    destination:\n";
    out += rule.domains ? "      domains:\n" : "      nets:\n";
    for (const SuggestedTarget& target : rule.targets) {
        out += "      - " + scalar(target.text) + "  " + comment_line(target.comment);
    }
    if (!rule.ports.empty()) {
        out += "      ports: " + number_list(rule.ports) + "\n";
    }
}

std::string kind_of(const SuggestedPolicy& policy, bool staged) {
    return std::string(staged ? "Staged" : "") + (policy.name_space.empty() ? "GlobalNetworkPolicy" : "NetworkPolicy");
}

void add_notes(std::string& out, const SuggestedPolicy& policy, const YamlOptions& options) {
    if (policy.incoming > 0) {
        out +=
            comment_line("Also seen: " + std::to_string(policy.incoming) + " incoming flows, which a policy for egress does not concern.");
    }
    if (!policy.denied.empty()) {
        out += comment_line("Not allowed here, because it was denied (--include-denied allows it):");
        for (const std::string& line : policy.denied) {
            out += comment_line("  " + line);
        }
    }
    const auto unused = options.unused.find(policy.endpoints.front());
    if (unused != options.unused.end() && !unused->second.empty()) {
        out += comment_line("In force and never used since:");
        for (const std::string& line : unused->second) {
            out += comment_line("  " + line);
        }
    }
}

void add_policy(std::string& out, const SuggestedPolicy& policy, const YamlOptions& options) {
    out += "---\n";
    out += comment_line("For " + endpoints_text(policy.endpoints));
    add_notes(out, policy, options);
    out +=
        "apiVersion: projectcalico.org/v3\nkind: " + kind_of(policy, options.staged) + "\nmetadata:\n  name: " + scalar(policy.name) + "\n";
    if (!policy.name_space.empty()) {
        out += "  namespace: " + scalar(policy.name_space) + "\n";
    }
    out += "spec:\n  selector: " + json_string(policy.selector) + "\n  types: [Egress]\n  egress:\n";
    for (const SuggestedRule& rule : policy.rules) {
        add_rule(out, rule);
    }
}

}  // namespace

std::string comment_line(const std::string& text) { return "# " + printable(text) + "\n"; }

std::string policies_yaml(const std::vector<SuggestedPolicy>& policies, const YamlOptions& options) {
    std::string out;
    for (const SuggestedPolicy& policy : policies) {
        if (!policy.rules.empty() && !policy.selector.empty()) {
            add_policy(out, policy, options);
            continue;
        }
        std::string notes;
        add_notes(notes, policy, options);
        if (policy.rules.empty() && notes.empty() && !options.missing_only) {
            continue;
        }
        out += out.empty() ? "" : "\n";
        out += comment_line("No policy for " + endpoints_text(policy.endpoints) + ": " +
                            (!policy.rules.empty()  ? "no label selects it alone; give it one of its own"
                             : options.missing_only ? "nothing is missing"
                                                    : "it began no allowed flow"));
        out += notes;
    }
    return out;
}

}  // namespace namegate::ctl
