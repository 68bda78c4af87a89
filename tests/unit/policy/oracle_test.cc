// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "policy/compile.h"

using namespace namegate;
using namespace namegate::policy;

namespace {

// A small world, so that random things often meet.
class World {
  public:
    explicit World(unsigned seed) : random_(seed) {}

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

    std::vector<Port> ports() {
        std::vector<Port> out;
        for (unsigned n = 1 + pick(2); n > 0; --n) {
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
            out.ports = ports();
        }
        if (ports_too && chance(4)) {
            out.not_ports = ports();
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
        const std::uint8_t protocols[] = {6, 17, static_cast<std::uint8_t>(v4 ? 1 : 58), 47};
        if (chance(2)) {
            out.protocol = protocols[pick(4)];
        } else if (chance(4)) {
            out.not_protocol = protocols[pick(4)];
        }
        if (out.protocol == 1 || out.protocol == 58) {
            if (chance(2)) {
                out.icmp = IcmpMatch{static_cast<std::uint8_t>(pick(3)), std::nullopt};
            }
            if (chance(3)) {
                out.not_icmp = IcmpMatch{static_cast<std::uint8_t>(pick(3)), static_cast<std::uint8_t>(pick(2))};
            }
        }
        const bool ported = out.protocol == 6 || out.protocol == 17;
        const bool egress = direction == Direction::kEgress;
        out.destination = entity(v4, ported, egress && out.action == RuleAction::kAllow);
        if (chance(3)) {
            out.source = entity(v4, ported && chance(2), false);
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
        out.staged = chance(8);
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
        out.addresses = {address(true), address(false)};
        return out;
    }

    Snapshot snapshot(Direction direction) {
        std::vector<std::shared_ptr<const Resource>> resources;
        const auto add = [&](Resource resource) { resources.push_back(std::make_shared<const Resource>(std::move(resource))); };
        add(Tier{"first", 1.0, chance(2) ? RuleAction::kPass : RuleAction::kDeny, {}});
        add(NamespaceDocument{"one", {{"env", "prod"}}, {}});
        for (unsigned n = 1 + pick(5); n > 0; --n) {
            add(policy(n, direction));
        }
        for (unsigned n = pick(4); n > 0; --n) {
            add(set(n));
        }
        return Snapshot(std::move(resources), 1);
    }

    PacketView packet() {
        PacketView out;
        const bool v4 = chance(2);
        out.remote = address(v4);
        const std::uint8_t protocols[] = {6, 17, static_cast<std::uint8_t>(v4 ? 1 : 58), 47, 99};
        out.protocol = protocols[pick(5)];
        out.source_port = static_cast<std::uint16_t>(pick(14));
        const bool icmp = out.protocol == 1 || out.protocol == 58;
        out.destination_port = static_cast<std::uint16_t>(icmp ? pick(3) << 8 | pick(2) : pick(14));
        if (chance(2)) {
            out.names = {name(), name()};
        }
        return out;
    }

  private:
    std::mt19937 random_;
};

// Returns how many packets were compared.
unsigned run(unsigned seed) {
    constexpr unsigned kPackets = 20;
    World world(seed);
    const Direction direction = world.chance(2) ? Direction::kEgress : Direction::kIngress;
    std::vector<EndpointView> endpoints;
    for (unsigned i = 0; i < 3; ++i) {
        endpoints.push_back(world.endpoint(i));
    }
    const Snapshot snapshot = world.snapshot(direction);
    CompileInput input;
    input.snapshot = &snapshot;
    input.endpoint = &endpoints.front();
    input.endpoints = &endpoints;
    input.direction = direction;
    const auto compiled = compile(input);
    INFO("seed " << seed << (compiled ? std::string() : compiled.error().message()));
    REQUIRE(compiled.has_value());
    for (unsigned i = 0; i < kPackets; ++i) {
        const PacketView packet = world.packet();
        const IpAddress local = endpoints.front().addresses[packet.remote.is_v4() ? 0 : 1];
        const bool expected = policy::test::naive_allows({&snapshot, &endpoints, &endpoints.front(), direction, local, packet});
        const Verdict verdict = evaluate(*compiled, packet);
        if (verdict.allowed != expected) {
            INFO("packet " << i << " to " << packet.remote.to_string() << " protocol " << int(packet.protocol) << " port "
                           << packet.destination_port << ", decided by " << compiled->rules[verdict.rule].origin.text);
            REQUIRE(verdict.allowed == expected);
        }
    }
    return kPackets;
}

}  // namespace

TEST_CASE("compiled rules mean what a naive reading of the resources means") {
    const char* given = std::getenv("NAMEGATE_ORACLE_SEED");
    const unsigned first = given == nullptr ? std::random_device()() % 1'000'000U : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
    constexpr unsigned kWorlds = 1500;
    WARN("seeds " << first << " to " << first + kWorlds - 1 << " (NAMEGATE_ORACLE_SEED repeats them)");
    unsigned compared = 0;
    for (unsigned i = 0; i < kWorlds; ++i) {
        compared += run(first + i);
    }
    CHECK(compared == kWorlds * 20);
}
