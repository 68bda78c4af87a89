// SPDX-License-Identifier: Apache-2.0
#include "support/policy_oracle.h"

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

bool any_domain(const Question& q, const std::vector<DomainPattern>& domains) {
    for (const DomainPattern& domain : domains) {
        if (q.domains_match_tls_name && !domain.matches(*q.packet.tls_name)) {
            continue;
        }
        for (const std::string& name : q.packet.names) {
            if (domain.matches(name)) {
                return true;
            }
        }
    }
    return false;
}

// The labels of a namespace or service account under their own names, as their selectors have them.
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

// Does this side of a rule select the endpoint by `selector` and the related fields?
bool selects_endpoint(const Question& q, const Policy& policy, const EntityRule& entity, const Selector& selector, bool with_accounts,
                      const EndpointView& endpoint) {
    const Labels labels = effective_labels(endpoint, *q.snapshot);
    if (!in_scope(policy, entity, endpoint.name_space, labels) || !selector.matches(labels)) {
        return false;
    }
    if (!with_accounts) {
        return true;
    }
    bool named = entity.service_accounts->names.empty();
    for (const std::string& name : entity.service_accounts->names) {
        named = named || name == endpoint.service_account;
    }
    return named && !endpoint.service_account.empty();
}

bool has_address(const EndpointView& endpoint, const IpAddress& address) {
    for (const IpAddress& own : endpoint.addresses) {
        if (own == address) {
            return true;
        }
    }
    return false;
}

// Does `selector` with the related fields select the address, or a name that it was resolved from?
bool selected(const Question& q, const Policy& policy, const EntityRule& entity, const Selector& selector, bool with_accounts,
              const IpAddress& address, bool with_domains) {
    for (const EndpointView& endpoint : *q.endpoints) {
        if (has_address(endpoint, address) && selects_endpoint(q, policy, entity, selector, with_accounts, endpoint)) {
            return true;
        }
    }
    for (const NetworkSet* set : q.snapshot->sets()) {
        const Labels labels = effective_labels(*set, *q.snapshot);
        if (with_accounts || !in_scope(policy, entity, set->name_space, labels) || !selector.matches(labels)) {
            continue;
        }
        if (in_any(set->nets, address) || (with_domains && any_domain(q, set->domains))) {
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
    return entity.domains.empty() || any_domain(q, entity.domains);
}

bool calls_port(const Question& q, const EndpointView& endpoint, const std::string& name, std::uint16_t port) {
    const PodDocument* pod = q.snapshot->find_pod(endpoint.name_space, endpoint.pod);
    if (pod == nullptr) {
        return false;
    }
    for (const NamedPort& named : pod->ports) {
        if (named.name == name && named.protocol == q.packet.protocol && named.port == port) {
            return true;
        }
    }
    return false;
}

// One side of a rule and of the packet.
struct Side {
    const Policy& policy;
    const EntityRule& entity;
    IpAddress address;
    std::uint16_t port;
    bool local;
};

// On the endpoint's own side its pod defines a port name, on the other side the pods that the rule selects do.
bool named_port(const Question& q, const Side& side, const std::string& name) {
    if (side.local) {
        return calls_port(q, *q.self, name, side.port);
    }
    const EntityRule& entity = side.entity;
    const bool by_labels = entity.selector || entity.namespace_selector || entity.service_accounts;
    for (const EndpointView& endpoint : *q.endpoints) {
        if (has_address(endpoint, side.address) && calls_port(q, endpoint, name, side.port) &&
            (!by_labels || selects_endpoint(q, side.policy, entity, entity.selector.value_or(Selector()),
                                            entity.service_accounts.has_value(), endpoint))) {
            return true;
        }
    }
    return false;
}

bool port_in(const Question& q, const Side& side, const std::vector<Port>& ports) {
    for (const Port& each : ports) {
        if (each.name.empty() ? side.port >= each.low && side.port <= each.high : named_port(q, side, each.name)) {
            return true;
        }
    }
    return false;
}

bool ports_match(const Question& q, const Side& side) {
    return (side.entity.ports.empty() || port_in(q, side, side.entity.ports)) && !port_in(q, side, side.entity.not_ports);
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
    const Side source{policy, rule.source, egress ? q.local : packet.remote, packet.source_port, egress};
    const Side destination{policy, rule.destination, egress ? packet.remote : q.local, packet.destination_port, !egress};
    return ports_match(q, source) && ports_match(q, destination) && entity_matches(q, policy, rule.source, source.address, false) &&
           entity_matches(q, policy, rule.destination, destination.address, with_domains);
}

// Does a staged policy replace this one, or remove it?
bool is_replaced(const Question& q, const Policy& policy) {
    for (const Snapshot::TierView& tier : q.snapshot->tiers()) {
        for (const Policy* other : tier.policies) {
            const bool acts = other->staged_action == StagedAction::kSet || other->staged_action == StagedAction::kDelete;
            if (other->staged && acts && other->kind == "Staged" + policy.kind && other->name == policy.name &&
                other->name_space == policy.name_space) {
                return true;
            }
        }
    }
    return false;
}

bool is_in_force(const Question& q, const Policy& policy) {
    if (!q.preview) {
        return !policy.staged;
    }
    return policy.staged ? policy.staged_action == StagedAction::kSet : !is_replaced(q, policy);
}

bool applies(const Question& q, const Policy& policy) {
    const Labels labels = effective_labels(*q.self, *q.snapshot);
    if (policy.service_account_selector) {
        const Labels own = without_prefix(labels, "pcsa.");
        const bool known = !q.self->service_account.empty();
        if (policy.service_account_selector->is_all() ? !known : !policy.service_account_selector->matches(own)) {
            return false;
        }
    }
    if (!is_in_force(q, policy) || !policy.applies(q.direction) || !policy.selector.matches(labels)) {
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

// What TLS names mean for a packet that the rule matches.
enum class TlsMeaning { kNothing, kNoMatch, kDenied };

TlsMeaning tls_meaning(const Question& q, const Policy& policy, const Rule& rule) {
    const TlsNames names = rule.tls.names ? *rule.tls.names : policy.tls.names ? *policy.tls.names : q.tls_names;
    const Quic quic = rule.tls.quic ? *rule.tls.quic : policy.tls.quic ? *policy.tls.quic : Quic::kDeny;
    const PacketView& packet = q.packet;
    if (q.direction == Direction::kIngress || rule.action != RuleAction::kAllow || names == TlsNames::kOff || packet.to_trusted_server) {
        return TlsMeaning::kNothing;
    }
    Question without_names = q;
    without_names.packet.names.clear();
    if (rule_matches(without_names, policy, rule)) {
        return TlsMeaning::kNothing;
    }
    if (packet.protocol == 6) {
        Question shown = q;
        shown.domains_match_tls_name = true;
        return !packet.tls_name || rule_matches(shown, policy, rule) ? TlsMeaning::kNothing : TlsMeaning::kNoMatch;
    }
    if (packet.protocol == 17 && packet.destination_port == 443) {
        return quic == Quic::kAllow ? TlsMeaning::kNothing : TlsMeaning::kDenied;
    }
    return names == TlsNames::kRequire && !rule.protocol ? TlsMeaning::kDenied : TlsMeaning::kNothing;
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
                const TlsMeaning tls = tls_meaning(q, *policy, rule);
                if (tls == TlsMeaning::kNoMatch) {
                    continue;
                }
                if (rule.action != RuleAction::kPass) {
                    return rule.action == RuleAction::kAllow && tls != TlsMeaning::kDenied;
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
