// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile_named_ports.h"

#include <algorithm>
#include <map>
#include <utility>

namespace namegate::policy {
namespace {

std::vector<NamedPort> resolve(const std::vector<Port>& ports, const Rule& rule, const std::vector<NamedPort>& of_peer) {
    std::vector<NamedPort> out;
    for (const NamedPort& known : of_peer) {
        const bool named = std::any_of(ports.begin(), ports.end(), [&](const Port& port) { return port.name == known.name; });
        if (named && rule.protocol.value_or(known.protocol) == known.protocol) {
            out.push_back(known);
        }
    }
    return out;
}

// Returns the peers that the rule selects; every endpoint, if it has no selector.
std::vector<std::size_t> peers_of(const Policy& policy, const EntityRule& entity, RuleAction action, Resolver& resolver) {
    if (selects_by_labels(entity)) {
        return resolver.selected(policy, entity, action).endpoints;
    }
    std::vector<std::size_t> all(resolver.endpoint_count());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = i;
    }
    return all;
}

// The numbers that a peer gives to the names in `ports` and in `notPorts`.
using Meaning = std::pair<std::vector<NamedPort>, std::vector<NamedPort>>;

}  // namespace

std::vector<NamedPortPart> split_by_named_ports(const Policy& policy, const Rule& rule, Direction direction, Resolver& resolver) {
    const EntityRule& entity = remote_of(rule, direction);
    if (!names_ports(entity)) {
        return {};
    }
    std::map<Meaning, std::vector<std::size_t>> groups;
    NamedPortPart others;
    others.others = true;
    for (const std::size_t index : peers_of(policy, entity, rule.action, resolver)) {
        const EndpointView& peer = resolver.endpoint(index);
        const std::vector<NamedPort> of_peer = ports_of(peer, resolver.snapshot());
        Meaning meaning(resolve(entity.ports, rule, of_peer), resolve(entity.not_ports, rule, of_peer));
        if (!meaning.first.empty() || !meaning.second.empty()) {
            groups[std::move(meaning)].push_back(index);
            others.peers.push_back(index);
        }
    }
    std::vector<NamedPortPart> parts;
    parts.reserve(groups.size() + 1);
    for (const auto& [meaning, peers] : groups) {
        parts.push_back({peers, false, meaning.first, meaning.second});
    }
    parts.push_back(std::move(others));
    return parts;
}

}  // namespace namegate::policy
