// SPDX-License-Identifier: Apache-2.0
//
// Random policies, endpoints and packets from a seed: the world is so small that rules and packets often match.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "policy/compiler/compile.h"
#include "policy/compiler/evaluate.h"
#include "policy/model/snapshot.h"
#include "support/compile_view.h"

namespace namegate::policy::test {

class World {
  public:
    // `tls_names`: rules and policies speak of them, and packets have them.
    explicit World(unsigned seed, bool tls_names = false) : random_(seed), tls_names_(tls_names) {}

    unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
    bool chance(unsigned one_in) { return pick(one_in) == 0; }

    IpAddress address(bool v4) {
        return v4 ? IpAddress::v4(
                        {10, static_cast<std::uint8_t>(pick(2)), static_cast<std::uint8_t>(pick(2)), static_cast<std::uint8_t>(pick(4))})
                  : *IpAddress::parse("2001:db8:" + std::to_string(pick(2)) + "::" + std::to_string(pick(4)));
    }
    IpPrefix net(bool v4) {
        const unsigned lengths4[] = {0, 8, 16, 24, 31, 32};
        const unsigned lengths6[] = {0, 32, 48, 64, 127, 128};
        return IpPrefix(address(v4), v4 ? lengths4[pick(6)] : lengths6[pick(6)]);
    }
    std::vector<IpPrefix> nets(bool v4) {
        std::vector<IpPrefix> out;
        for (unsigned n = 1 + pick(3); n > 0; --n) {
            out.push_back(net(v4));
        }
        return out;
    }
    std::string name() { return std::string(chance(2) ? "a." : "b.c.") + (chance(2) ? "example.com" : "example.org"); }
    std::vector<DomainPattern> domains() {
        const char* patterns[] = {"a.example.com", "*.example.com", "b.*.org", "b.c.example.org", "*.org"};
        std::vector<DomainPattern> out;
        for (unsigned n = 1 + pick(2); n > 0; --n) {
            out.push_back(*DomainPattern::parse(patterns[pick(5)]));
        }
        return out;
    }
    Selector selector() {
        const char* selectors[] = {
            "all()", "color == 'red'", "color != 'red'", "!has(color)", "has(color) && size == 's'", "size in {'s','l'}"};
        return *Selector::parse(selectors[pick(6)]);
    }
    Selector namespace_selector() {
        const char* selectors[] = {"all()", "global()", "env == 'prod'", "has(env)"};
        return *Selector::parse(selectors[pick(4)]);
    }
    Labels labels() {
        Labels out;
        if (chance(2)) {
            out["color"] = chance(2) ? "red" : "blue";
        }
        if (chance(2)) {
            out["size"] = chance(2) ? "s" : "m";
        }
        return out;
    }
    std::string name_space() { return chance(2) ? "one" : "two"; }

    // Numbers, ranges, and names where they are allowed.
    std::vector<Port> ports(bool names) {
        std::vector<Port> out;
        for (unsigned n = 1 + pick(2); n > 0; --n) {
            if (names && chance(2)) {
                out.push_back({0, 0, chance(2) ? "web" : "dns"});
                continue;
            }
            const auto low = static_cast<std::uint16_t>(1 + pick(10));
            out.push_back({low, static_cast<std::uint16_t>(chance(4) ? 65535 : low + pick(6)), {}});
        }
        return out;
    }

    EntityRule entity(bool v4, bool ports_too, bool may_have_domains) {
        EntityRule out;
        if (may_have_domains && chance(3)) {
            out.domains = domains();
        } else {
            if (chance(4)) {
                out.nets = nets(v4);
            }
            if (chance(4)) {
                out.selector = selector();
            }
            if (chance(8)) {
                out.namespace_selector = namespace_selector();
            }
            if (chance(12)) {
                out.service_accounts = ServiceAccountMatch{{"robot"}, std::nullopt};
            }
        }
        if (chance(6)) {
            out.not_nets = nets(v4);
        }
        if (chance(8)) {
            out.not_selector = selector();
        }
        if (ports_too && chance(2)) {
            out.ports = ports(out.domains.empty());
        }
        if (ports_too && chance(4)) {
            out.not_ports = ports(out.domains.empty());
        }
        return out;
    }

    std::uint8_t protocol(bool v4) {
        const std::uint8_t protocols[] = {6, 6, 17, 17, static_cast<std::uint8_t>(v4 ? 1 : 58), 47, 99, 132, 136};
        return protocols[pick(9)];
    }
    // Requests only: errors are judged by the flow that they quote.
    std::uint8_t icmp_type(bool v4) {
        const std::uint8_t types[] = {8, 13, 17, 128, 144, 200};
        return types[pick(3) + (v4 ? 0 : 3)];
    }

    TlsDemand tls() {
        TlsDemand out;
        if (tls_names_ && chance(2)) {
            out.names = static_cast<TlsNames>(pick(3));
        }
        if (tls_names_ && chance(3)) {
            out.quic = static_cast<Quic>(pick(2));
        }
        return out;
    }

    Rule rule(Direction direction) {
        Rule out;
        const RuleAction actions[] = {RuleAction::kAllow, RuleAction::kAllow, RuleAction::kDeny, RuleAction::kPass, RuleAction::kLog};
        out.action = actions[pick(5)];
        const bool v4 = chance(2);
        if (chance(8)) {
            out.ip_version = v4 ? 4 : 6;
        }
        if (chance(2)) {
            out.protocol = protocol(v4);
        } else if (chance(4)) {
            out.not_protocol = protocol(v4);
        }
        if (out.protocol == 1 || out.protocol == 58) {
            if (chance(2)) {
                out.icmp = IcmpMatch{icmp_type(v4), std::nullopt};
            }
            if (chance(3)) {
                out.not_icmp = IcmpMatch{icmp_type(v4), static_cast<std::uint8_t>(pick(2))};
            }
        }
        const bool ported = out.protocol == 6 || out.protocol == 17 || out.protocol == 132;
        const bool egress = direction == Direction::kEgress;
        out.destination = entity(v4, ported, egress && out.action == RuleAction::kAllow);
        if (chance(3)) {
            out.source = entity(v4, ported && chance(2), false);
        }
        out.tls = tls();
        // Names alone need no protocol.
        if (!out.protocol && !out.not_protocol && out.destination.domains.empty() && chance(8)) {
            out.destination.ports = {{0, 0, "web"}, {0, 0, "dns"}};
        }
        return out;
    }

    Policy policy(unsigned number, Direction direction) {
        Policy out;
        out.global = chance(2);
        out.kind = out.global ? "GlobalNetworkPolicy" : "NetworkPolicy";
        out.name_space = out.global ? "" : name_space();
        out.name = "p" + std::to_string(number);
        out.tier = chance(2) ? "default" : chance(2) ? "first" : "last";
        if (chance(2)) {
            out.order = static_cast<double>(pick(3));
        }
        out.selector = chance(2) ? Selector() : selector();
        if (out.global && chance(4)) {
            out.namespace_selector = namespace_selector();
        }
        if (chance(4)) {
            out.service_account_selector = *Selector::parse(chance(2) ? "all()" : "role == 'r'");
        }
        if (chance(5)) {
            out.staged = true;
            out.kind = "Staged" + out.kind;
            out.name = "p" + std::to_string(pick(6));
            const StagedAction actions[] = {StagedAction::kSet, StagedAction::kDelete, StagedAction::kLearn, StagedAction::kIgnore};
            out.staged_action = actions[pick(4)];
        }
        out.tls = tls();
        out.applies_egress = direction == Direction::kEgress || chance(4);
        out.applies_ingress = direction == Direction::kIngress || chance(4);
        for (unsigned n = pick(4); n > 0; --n) {
            (direction == Direction::kEgress ? out.egress : out.ingress).push_back(rule(direction));
        }
        return out;
    }

    NetworkSet set(unsigned number) {
        NetworkSet out;
        out.name_space = chance(2) ? "" : name_space();
        out.kind = out.name_space.empty() ? "GlobalNetworkSet" : "NetworkSet";
        out.name = "s" + std::to_string(number);
        out.labels = labels();
        out.nets = nets(true);
        if (chance(2)) {
            out.nets.push_back(net(false));
        }
        if (chance(2)) {
            out.domains = domains();
        }
        return out;
    }

    EndpointView endpoint(unsigned number) {
        EndpointView out;
        out.name_space = chance(5) ? "" : name_space();
        out.pod = "e" + std::to_string(number);
        out.service_account = chance(2) ? "robot" : "";
        out.labels = labels();
        out.is_kubernetes = chance(2);
        out.unknown_is_absent = true;  // other tests cover unknown labels
        // No two endpoints share an address.
        const auto last = static_cast<std::uint8_t>(number);
        out.addresses = {IpAddress::v4({10, static_cast<std::uint8_t>(pick(2)), static_cast<std::uint8_t>(pick(2)), last}),
                         *IpAddress::parse("2001:db8:" + std::to_string(pick(2)) + "::" + std::to_string(number))};
        return out;
    }

    PodDocument pod(const EndpointView& endpoint) {
        PodDocument out;
        out.name_space = endpoint.name_space;
        out.name = endpoint.pod;
        out.labels = labels();
        out.ports.push_back({"web", 6, static_cast<std::uint16_t>(1 + pick(6))});
        if (chance(2)) {
            out.ports.push_back({"dns", static_cast<std::uint8_t>(chance(2) ? 17 : 132), static_cast<std::uint16_t>(1 + pick(6))});
        }
        return out;
    }

    Snapshot snapshot(Direction direction, const std::vector<EndpointView>& endpoints) {
        std::vector<Resource> resources;
        const auto add = [&](Resource resource) { resources.push_back(std::move(resource)); };
        add(Tier{"first", 1.0, chance(2) ? RuleAction::kPass : RuleAction::kDeny, {}});
        add(NamespaceDocument{"one", {{"env", "prod"}}, {}});
        add(ServiceAccountDocument{"one", "robot", {{"role", "r"}}, {}});
        for (const EndpointView& endpoint : endpoints) {
            if (!endpoint.name_space.empty() && !chance(4)) {
                add(pod(endpoint));
            }
        }
        for (unsigned n = 1 + pick(5); n > 0; --n) {
            add(policy(n, direction));
        }
        for (unsigned n = pick(4); n > 0; --n) {
            add(set(n));
        }
        return Snapshot({std::make_shared<const FileResources>(std::move(resources))}, 1);
    }

    PacketView packet(const std::vector<EndpointView>& endpoints) {
        PacketView out;
        const bool v4 = chance(2);
        out.remote = chance(2) ? address(v4) : endpoints[pick(static_cast<unsigned>(endpoints.size()))].addresses[v4 ? 0 : 1];
        out.protocol = protocol(v4);
        out.source_port = static_cast<std::uint16_t>(pick(14));
        const bool icmp = out.protocol == 1 || out.protocol == 58;
        out.destination_port = static_cast<std::uint16_t>(icmp ? unsigned{icmp_type(v4)} << 8 | pick(2) : pick(14));
        if (chance(2)) {
            out.names = {name(), name()};
        }
        if (tls_names_) {
            add_tls(out);
        }
        return out;
    }

  private:
    void add_tls(PacketView& packet) {
        if (chance(2)) {
            packet.protocol = 6;
            packet.names = {name(), name()};
        }
        if (packet.protocol == 17 && chance(2)) {
            packet.destination_port = 443;
        }
        if (packet.protocol == 6 && chance(2)) {
            packet.tls_name = name();
        }
        packet.to_trusted_server = chance(8);
    }

    std::mt19937 random_;
    bool tls_names_;
};

// One endpoint of a world under its policies.
struct Scenario {
    explicit Scenario(unsigned seed, bool with_tls_names = false)
        : world(seed, with_tls_names),
          direction(world.chance(2) ? Direction::kEgress : Direction::kIngress),
          endpoints(make_endpoints(world)),
          snapshot(world.snapshot(direction, endpoints)),
          tls_names(with_tls_names ? static_cast<TlsNames>(world.pick(3)) : TlsNames::kOff) {}

    const EndpointView& self() const { return endpoints.front(); }
    PacketView packet() { return world.packet(endpoints); }
    IpAddress local(const PacketView& packet) const { return self().addresses[packet.remote.is_v4() ? 0 : 1]; }
    Result<CompiledPolicy> compiled(bool preview = false) const {
        return compile_view(snapshot, self(), direction, endpoints, preview, tls_names);
    }

    World world;
    Direction direction;
    std::vector<EndpointView> endpoints;
    Snapshot snapshot;
    TlsNames tls_names;  // the node's default

  private:
    static std::vector<EndpointView> make_endpoints(World& world) {
        std::vector<EndpointView> out;
        for (unsigned i = 0; i < 4; ++i) {
            out.push_back(world.endpoint(i));
        }
        return out;
    }
};

}  // namespace namegate::policy::test
