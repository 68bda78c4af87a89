// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

namespace namegate::policy::test {
namespace {

bool in_any(const std::vector<IpPrefix>& nets, const IpAddress& address) {
    for (const IpPrefix& net : nets) {
        if (net.contains(address)) {
            return true;
        }
    }
    return false;
}

bool any_domain(const std::vector<DomainPattern>& domains, const std::vector<std::string>& names) {
    for (const DomainPattern& domain : domains) {
        for (const std::string& name : names) {
            if (domain.matches(name)) {
                return true;
            }
        }
    }
    return false;
}

// The labels of a namespace or service account under their own names, as their selectors are written.
Labels without_prefix(const Labels& labels, const std::string& prefix) {
    Labels out;
    for (const auto& label : labels) {
        if (label.first.compare(0, prefix.size(), prefix) == 0) {
            out[label.first.substr(prefix.size())] = label.second;
        }
    }
    return out;
}

bool in_scope(const Policy& policy, const EntityRule& entity, const std::string& name_space, const Labels& labels) {
    if (!entity.namespace_selector) {
        return policy.global || policy.name_space == name_space;
    }
    if (entity.namespace_selector->is_all()) {
        return !name_space.empty();
    }
    if (entity.namespace_selector->is_global()) {
        return name_space.empty();
    }
    return entity.namespace_selector->matches(without_prefix(labels, "pcns."));
}

// Is the address (or a name it was resolved from) one of what `selector` and its companions select?
bool selected(const Question& q, const Policy& policy, const EntityRule& entity, const Selector& selector, bool with_accounts,
              const IpAddress& address, bool with_domains) {
    for (const EndpointView& endpoint : *q.endpoints) {
        const Labels labels = effective_labels(endpoint, *q.snapshot);
        if (!in_scope(policy, entity, endpoint.name_space, labels) || !selector.matches(labels)) {
            continue;
        }
        if (with_accounts) {
            bool named = entity.service_accounts->names.empty();
            for (const std::string& name : entity.service_accounts->names) {
                named = named || name == endpoint.service_account;
            }
            if (!named || endpoint.service_account.empty()) {
                continue;
            }
        }
        for (const IpAddress& own : endpoint.addresses) {
            if (own == address) {
                return true;
            }
        }
    }
    for (const NetworkSet* set : q.snapshot->sets()) {
        const Labels labels = effective_labels(*set, *q.snapshot);
        if (with_accounts || !in_scope(policy, entity, set->name_space, labels) || !selector.matches(labels)) {
            continue;
        }
        if (in_any(set->nets, address) || (with_domains && any_domain(set->domains, q.packet.names))) {
            return true;
        }
    }
    return false;
}

bool entity_matches(const Question& q, const Policy& policy, const EntityRule& entity, const IpAddress& address, bool with_domains) {
    if (!entity.nets.empty() && !in_any(entity.nets, address)) {
        return false;
    }
    if (in_any(entity.not_nets, address)) {
        return false;
    }
    if (entity.selector || entity.namespace_selector || entity.service_accounts) {
        if (!selected(q, policy, entity, entity.selector.value_or(Selector()), entity.service_accounts.has_value(), address,
                      with_domains)) {
            return false;
        }
    }
    if (entity.not_selector && selected(q, policy, entity, *entity.not_selector, false, address, false)) {
        return false;
    }
    return entity.domains.empty() || any_domain(entity.domains, q.packet.names);
}

bool port_in(const std::vector<Port>& ports, std::uint16_t port) {
    for (const Port& range : ports) {
        if (port >= range.low && port <= range.high) {
            return true;
        }
    }
    return false;
}

bool ports_match(const EntityRule& entity, std::uint16_t port) {
    return (entity.ports.empty() || port_in(entity.ports, port)) && !port_in(entity.not_ports, port);
}

bool icmp_matches(const IcmpMatch& match, std::uint16_t type_and_code) {
    return match.type.value_or(0) == type_and_code >> 8 && (!match.code || *match.code == (type_and_code & 0xff));
}

bool rule_matches(const Question& q, const Policy& policy, const Rule& rule) {
    const PacketView& packet = q.packet;
    const bool egress = q.direction == Direction::kEgress;
    const bool v4 = packet.remote.is_v4();
    if (rule.ip_version && (*rule.ip_version == 4) != v4) {
        return false;
    }
    if ((rule.protocol && *rule.protocol != packet.protocol) || (rule.not_protocol && *rule.not_protocol == packet.protocol)) {
        return false;
    }
    if ((rule.protocol == 1 && !v4) || (rule.protocol == 58 && v4)) {
        return false;
    }
    if ((rule.icmp && !icmp_matches(*rule.icmp, packet.destination_port)) ||
        (rule.not_icmp && icmp_matches(*rule.not_icmp, packet.destination_port))) {
        return false;
    }
    const bool with_domains = egress && rule.action == RuleAction::kAllow;
    return ports_match(rule.source, packet.source_port) && ports_match(rule.destination, packet.destination_port) &&
           entity_matches(q, policy, rule.source, egress ? q.local : packet.remote, false) &&
           entity_matches(q, policy, rule.destination, egress ? packet.remote : q.local, with_domains);
}

bool applies(const Question& q, const Policy& policy) {
    const Labels labels = effective_labels(*q.self, *q.snapshot);
    if (policy.staged || !policy.applies(q.direction) || !policy.selector.matches(labels)) {
        return false;
    }
    if (!policy.global) {
        return policy.name_space == q.self->name_space;
    }
    if (!policy.namespace_selector) {
        return true;
    }
    EntityRule as_entity;
    as_entity.namespace_selector = policy.namespace_selector;
    return in_scope(policy, as_entity, q.self->name_space, labels);
}

}  // namespace

bool naive_allows(const Question& q) {
    for (const Snapshot::TierView& tier : q.snapshot->tiers()) {
        bool counts = false;
        bool passed = false;
        for (const Policy* policy : tier.policies) {
            if (passed || !applies(q, *policy)) {
                continue;
            }
            counts = true;
            for (const Rule& rule : policy->rules(q.direction)) {
                if (rule.action == RuleAction::kLog || !rule_matches(q, *policy, rule)) {
                    continue;
                }
                if (rule.action != RuleAction::kPass) {
                    return rule.action == RuleAction::kAllow;
                }
                passed = true;
                break;
            }
        }
        if (counts && !passed && tier.tier.default_action == RuleAction::kDeny) {
            return false;
        }
    }
    return true;
}

}  // namespace namegate::policy::test
