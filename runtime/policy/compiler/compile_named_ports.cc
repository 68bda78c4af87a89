// SPDX-License-Identifier: Apache-2.0
//
// Named ports of the other side. A name means another number to each peer, and a compiled rule holds addresses
// and ports apart: so such a rule is compiled in parts, one for the peers that mean the same.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "policy/compiler/compile_rules.h"

namespace namegate::policy {
namespace {

bool is_named(const Port& port) { return !port.name.empty(); }

bool has_names(const EntityRule& entity) {
    return std::any_of(entity.ports.begin(), entity.ports.end(), is_named) ||
           std::any_of(entity.not_ports.begin(), entity.not_ports.end(), is_named);
}

std::vector<NamedPort> resolve(const std::vector<Port>& ports, const Rule& rule, const PodDocument& pod) {
    std::vector<NamedPort> out;
    for (const NamedPort& known : pod.ports) {
        const bool asked = std::any_of(ports.begin(), ports.end(), [&](const Port& port) { return port.name == known.name; });
        if (asked && rule.protocol.value_or(known.protocol) == known.protocol) {
            out.push_back(known);
        }
    }
    return out;
}

// The peers that the rule selects; without a selector, every endpoint.
std::vector<std::size_t> peers_of(const Policy& policy, const EntityRule& entity, RuleAction action, Resolver& resolver) {
    if (Resolver::selects(entity)) {
        return resolver.selected(policy, entity, action).endpoints;
    }
    std::vector<std::size_t> all(resolver.endpoint_count());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = i;
    }
    return all;
}

bool before(const NamedPort& a, const NamedPort& b) { return std::tie(a.name, a.protocol, a.port) < std::tie(b.name, b.protocol, b.port); }

struct SameMeaning {
    bool operator()(const NamedPortPart& a, const NamedPortPart& b) const {
        const auto less = [](const std::vector<NamedPort>& x, const std::vector<NamedPort>& y) {
            return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), before);
        };
        return less(a.ports, b.ports) || (!less(b.ports, a.ports) && less(a.not_ports, b.not_ports));
    }
};

}  // namespace

std::vector<NamedPortPart> split_by_named_ports(const Policy& policy, const Rule& rule, Direction direction, Resolver& resolver) {
    const EntityRule& entity = remote_of(rule, direction);
    if (!has_names(entity)) {
        return {};
    }
    std::map<NamedPortPart, std::vector<std::size_t>, SameMeaning> groups;
    NamedPortPart others;
    others.others = true;
    for (const std::size_t index : peers_of(policy, entity, rule.action, resolver)) {
        const EndpointView& peer = resolver.endpoint(index);
        const PodDocument* pod = peer.use_pod_document ? resolver.snapshot().find_pod(peer.name_space, peer.pod) : nullptr;
        if (pod == nullptr) {
            continue;
        }
        NamedPortPart meaning;
        meaning.ports = resolve(entity.ports, rule, *pod);
        meaning.not_ports = resolve(entity.not_ports, rule, *pod);
        if (!meaning.ports.empty() || !meaning.not_ports.empty()) {
            groups[std::move(meaning)].push_back(index);
            others.peers.push_back(index);
        }
    }
    std::vector<NamedPortPart> parts;
    for (const auto& [meaning, peers] : groups) {
        parts.push_back(meaning);
        parts.back().peers = peers;
    }
    parts.push_back(std::move(others));
    return parts;
}

}  // namespace namegate::policy
