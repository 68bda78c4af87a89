// SPDX-License-Identifier: Apache-2.0
#include "policy/model/rule_text.h"

#include "base/listed.h"
#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

constexpr std::size_t kShownEntries = 4;

std::string show(const IpPrefix& net) {
    const std::string text = net.to_string();
    return net.length() == net.address().bits() ? net.address().to_string() : text;
}
std::string show(const DomainPattern& pattern) { return std::string(pattern.text()); }
std::string show(const std::string& text) { return text; }
std::string show(const Port& port) {
    if (!port.name.empty()) {
        return port.name;
    }
    return port.low == port.high ? std::to_string(port.low) : std::to_string(port.low) + ":" + std::to_string(port.high);
}

template <typename T>
std::string list(const std::vector<T>& entries) {
    return listed(entries, kShownEntries, [](const T& entry) { return show(entry); });
}

void add(std::string& out, const std::string& part) {
    out += out.empty() ? "" : " ";
    out += part;
}

std::string describe_entity(const EntityRule& entity) {
    std::string out;
    if (!entity.domains.empty()) {
        add(out, "domains " + list(entity.domains));
    }
    if (!entity.nets.empty()) {
        add(out, "nets " + list(entity.nets));
    }
    if (entity.service) {
        add(out, "service " + (entity.service->name_space.empty() ? "" : entity.service->name_space + "/") + entity.service->name);
    }
    if (entity.selector) {
        add(out, "selector " + entity.selector->to_string());
    }
    if (entity.namespace_selector) {
        add(out, "namespaceSelector " + entity.namespace_selector->to_string());
    }
    if (entity.service_accounts) {
        add(out, "serviceAccounts " + list(entity.service_accounts->names));
        if (entity.service_accounts->selector) {
            add(out, entity.service_accounts->selector->to_string());
        }
    }
    if (!entity.not_nets.empty()) {
        add(out, "not nets " + list(entity.not_nets));
    }
    if (entity.not_selector) {
        add(out, "not selector " + entity.not_selector->to_string());
    }
    if (!entity.ports.empty()) {
        add(out, "port " + list(entity.ports));
    }
    if (!entity.not_ports.empty()) {
        add(out, "not port " + list(entity.not_ports));
    }
    return out;
}

std::string describe_icmp(const IcmpMatch& match) {
    std::string out;
    if (match.type) {
        out += " type " + std::to_string(*match.type);
    }
    if (match.code) {
        out += " code " + std::to_string(*match.code);
    }
    return out;
}

std::string_view name_of(RuleAction action) {
    switch (action) {
        case RuleAction::kDeny: return "Deny";
        case RuleAction::kAllow: return "Allow";
        case RuleAction::kPass: return "Pass";
        case RuleAction::kLog: return "Log";
    }
    return "";
}

}  // namespace

std::string describe_rule(const Rule& rule) {
    std::string out(name_of(rule.action));
    if (rule.ip_version) {
        out += " IPv" + std::to_string(*rule.ip_version);
    }
    if (rule.protocol) {
        out += " " + protocol_name(*rule.protocol);
    }
    if (rule.not_protocol) {
        out += " not " + protocol_name(*rule.not_protocol);
    }
    if (rule.icmp) {
        out += describe_icmp(*rule.icmp);
    }
    if (rule.not_icmp) {
        out += " not" + describe_icmp(*rule.not_icmp);
    }
    if (const std::string source = describe_entity(rule.source); !source.empty()) {
        out += " from " + source;
    }
    if (const std::string destination = describe_entity(rule.destination); !destination.empty()) {
        out += " to " + destination;
    }
    return out;
}

}  // namespace namegate::policy
