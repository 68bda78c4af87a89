// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;
using namespace namegate::policy;
using policy::test::compile_view;
using policy::test::selects_view;

namespace {

IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }

// Policies as text, one endpoint, and what it may do.
class Fixture {
  public:
    explicit Fixture(const std::string& text) {
        store_.set_file("t.yaml", text);
        const FileStatus status = store_.files().at(0);
        for (const Problem& problem : status.problems) {
            UNSCOPED_INFO(to_string(problem));
        }
        REQUIRE(status.loaded);
        self.name_space = "ns";
        self.pod = "self";
        self.labels = {{"app", "web"}};
        self.addresses = {ip("10.9.0.1"), ip("fd00::1")};
    }

    CompiledPolicy compiled(Direction direction = Direction::kEgress) {
        const auto snapshot = store_.snapshot();
        auto out = compile_view(*snapshot, self, direction, others);
        UNSCOPED_INFO((out ? std::string() : out.error().message()));
        REQUIRE(out.has_value());
        return *std::move(out);
    }
    Verdict verdict(const std::string& remote, std::uint8_t protocol = 6, std::uint16_t port = 80, std::vector<std::string> names = {},
                    Direction direction = Direction::kEgress) {
        return evaluate(compiled(direction), {ip(remote), protocol, 40000, port, std::move(names)});
    }
    bool allows(const std::string& remote, std::uint8_t protocol = 6, std::uint16_t port = 80, std::vector<std::string> names = {}) {
        return verdict(remote, protocol, port, std::move(names)).allowed;
    }
    bool admits(const std::string& remote, std::uint8_t protocol = 6, std::uint16_t port = 80) {
        return verdict(remote, protocol, port, {}, Direction::kIngress).allowed;
    }
    std::shared_ptr<const Snapshot> snapshot() const { return store_.snapshot(); }

    EndpointView self;
    std::vector<EndpointView> others;

  private:
    PolicyStore store_;
};

std::string document(const std::string& kind, const std::string& metadata, const std::string& spec) {
    return "---\napiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {" + metadata + "}\nspec: {" + spec + "}\n";
}
std::string global(const std::string& name, const std::string& spec) { return document("GlobalNetworkPolicy", "name: " + name, spec); }

}  // namespace

TEST_CASE("E5, E6: open without a policy, closed by an empty list, in its direction only") {
    Fixture none("# nothing\n");
    CHECK_FALSE(*selects_view(*none.snapshot(), none.self, Direction::kEgress));
    CHECK(none.allows("1.2.3.4"));
    CHECK(none.compiled().rules.size() == 1);
    Fixture empty(global("x", "types: [Egress]"));
    CHECK(*selects_view(*empty.snapshot(), empty.self, Direction::kEgress));
    CHECK_FALSE(empty.allows("1.2.3.4"));
    CHECK(empty.admits("1.2.3.4"));
}

TEST_CASE("E2, E3, E4: tiers, orders, Pass, Log and defaults") {
    Fixture tiers(
        document("Tier", "name: early", "order: 1, defaultAction: Pass") + document("Tier", "name: late", "order: 2") +
        global("a",
               "tier: early, egress: [{action: Log}, {action: Deny, destination: {nets: [1.1.1.1]}}, {action: Pass, destination: "
               "{nets: [2.2.2.2]}}, {action: Deny, destination: {nets: [2.2.2.2]}}]") +
        global("b",
               "tier: late, egress: [{action: Allow, destination: {nets: [1.1.1.1, 2.2.2.2]}}, {action: Pass, destination: {nets: "
               "[3.3.3.3]}}]") +
        global("c", "egress: [{action: Deny, destination: {nets: [3.3.3.3]}}], order: 2") +
        global("d", "egress: [{action: Allow, destination: {nets: [3.3.3.3]}}], order: 1"));
    CHECK_FALSE(tiers.allows("1.1.1.1"));
    CHECK(tiers.allows("2.2.2.2"));
    CHECK(tiers.allows("3.3.3.3"));
    CHECK_FALSE(tiers.allows("4.4.4.4"));
    const Verdict verdict = tiers.verdict("4.4.4.4");
    const CompiledPolicy policy = tiers.compiled();
    CHECK(verdict.logged == std::vector<std::size_t>{0});
    CHECK(policy.rules[verdict.rule].origin.text == "end of tier late: Deny");
    CHECK(policy.rules.back().action == RuleAction::kAllow);
}

TEST_CASE("E4: staged policies are never enforced; a tier with only staged ones is skipped") {
    Fixture staged(document("StagedGlobalNetworkPolicy", "name: x", "types: [Egress], stagedAction: Set"));
    CHECK(staged.allows("1.2.3.4"));
    CHECK_FALSE(*selects_view(*staged.snapshot(), staged.self, Direction::kEgress));
    const auto selected = selected_policies(*staged.snapshot(), staged.self);
    REQUIRE(selected.size() == 1);
    CHECK(selected[0].staged);
}

TEST_CASE("a tier that no document describes comes last and denies") {
    Fixture lost(global("x", "tier: lost, egress: [{action: Allow, destination: {nets: [1.1.1.1]}}]"));
    CHECK(lost.allows("1.1.1.1"));
    CHECK_FALSE(lost.allows("2.2.2.2"));
}

TEST_CASE("D2, D3: domains combine with ports and notNets; sets add nets and domains") {
    Fixture rule(
        global("x", "egress: [{action: Allow, protocol: TCP, destination: {domains: [a.com], ports: [443], notNets: [10.0.0.0/8]}}]"));
    CHECK(rule.allows("1.1.1.1", 6, 443, {"a.com"}));
    CHECK(rule.allows("2001:db8::1", 6, 443, {"A.com"}));
    CHECK_FALSE(rule.allows("10.0.0.1", 6, 443, {"a.com"}));
    CHECK_FALSE(rule.allows("1.1.1.1", 6, 80, {"a.com"}));
    CHECK_FALSE(rule.allows("1.1.1.1", 6, 443, {"b.com"}));
    Fixture v4(global("x", "egress: [{action: Allow, ipVersion: 4, destination: {domains: [a.com]}}]"));
    CHECK(v4.allows("1.1.1.1", 6, 80, {"a.com"}));
    CHECK_FALSE(v4.allows("2001:db8::1", 6, 80, {"a.com"}));
    const std::string set = document("GlobalNetworkSet", "name: s, labels: {color: red}", "nets: [1.1.1.1], allowedEgressDomains: [a.com]");
    const auto with = [&](const char* action) {
        return Fixture(
            set + global("x", std::string("egress: [{action: ") + action + ", destination: {selector: color == 'red'}}, {action: Allow}]"));
    };
    Fixture allow(set + global("x", "egress: [{action: Allow, destination: {selector: color == 'red'}}]"));
    CHECK(allow.allows("1.1.1.1"));
    CHECK(allow.allows("9.9.9.9", 6, 80, {"a.com"}));
    CHECK_FALSE(allow.allows("9.9.9.9"));
    CHECK_FALSE(with("Deny").allows("1.1.1.1"));
    CHECK(with("Deny").allows("9.9.9.9", 6, 80, {"a.com"}));
    Fixture ingress(set + global("x", "ingress: [{action: Allow, source: {selector: color == 'red'}}]"));
    CHECK(ingress.admits("1.1.1.1"));
    CHECK(ingress.compiled(Direction::kIngress).patterns.empty());
}

TEST_CASE("D4: the sets that a policy sees") {
    const std::string sets = document("GlobalNetworkSet", "name: g, labels: {c: x}", "nets: [1.0.0.1]") +
                             document("NetworkSet", "name: n, namespace: ns, labels: {c: x}", "nets: [1.0.0.2]") +
                             document("NetworkSet", "name: n, namespace: other, labels: {c: x}", "nets: [1.0.0.3]");
    const auto seen = [&](const std::string& policy) {
        Fixture fixture(sets + policy);
        std::string out;
        for (const char* address : {"1.0.0.1", "1.0.0.2", "1.0.0.3"}) {
            out += fixture.allows(address) ? 'y' : 'n';
        }
        return out;
    };
    const std::string plain = "egress: [{action: Allow, destination: {selector: has(c)}}]";
    const std::string reach = "egress: [{action: Allow, destination: {selector: has(c), namespaceSelector: global()}}]";
    CHECK(seen(document("NetworkPolicy", "name: p, namespace: ns", plain)) == "nyn");
    CHECK(seen(document("NetworkPolicy", "name: p, namespace: ns", reach)) == "ynn");
    CHECK(seen(global("p", plain)) == "yyy");
    CHECK(seen(global("p", "egress: [{action: Allow, destination: {selector: has(c), namespaceSelector: all()}}]")) == "nyy");
}

TEST_CASE("S5, S6: labels come from documents, not from claims") {
    const std::string documents =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns, labels: {env: prod}}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: "
        "{name: "
        "robot, namespace: ns, labels: {role: r}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: self, namespace: ns, labels: {app: "
        "file, extra: "
        "e}}\nspec: {serviceAccountName: robot}\n";
    Fixture fixture(documents);
    fixture.self.labels["pcns.env"] = "stolen";
    const Labels labels = effective_labels(fixture.self, *fixture.snapshot());
    CHECK(labels == Labels{{"app", "web"},
                           {"extra", "e"},
                           {"pcns.env", "prod"},
                           {"pcns.kubernetes.io/metadata.name", "ns"},
                           {"pcns.projectcalico.org/name", "ns"},
                           {"pcsa.role", "r"},
                           {"pcsa.projectcalico.org/name", "robot"},
                           {"projectcalico.org/namespace", "ns"},
                           {"projectcalico.org/orchestrator", "cni"},
                           {"projectcalico.org/serviceaccount", "robot"}});
    fixture.self.use_pod_document = false;
    CHECK(effective_labels(fixture.self, *fixture.snapshot()).count("extra") == 0);
    Fixture selected(documents + global("x", "types: [Egress], namespaceSelector: env == 'prod', serviceAccountSelector: role == 'r'"));
    CHECK_FALSE(selected.allows("1.2.3.4"));
    selected.self.name_space = "";
    CHECK(selected.allows("1.2.3.4"));
}

TEST_CASE("S5, S6: the label with a namespace's name needs no document, and no document removes it") {
    const auto name_space = [](const char* labels) {
        return std::string("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ns, labels: {") + labels + "}}\n";
    };
    const char* const by_name = "\"kubernetes.io/metadata.name == 'ns'\"";
    const std::string set =
        document("NetworkSet", "name: s, namespace: ns, labels: {color: red}", "nets: [192.0.2.1], allowedEgressDomains: [a.com]");
    for (const std::string& written : {std::string(), name_space("team: a"), name_space("kubernetes.io/metadata.name: ns"),
                                       name_space("kubernetes.io/metadata.name: far")}) {
        INFO(written);
        for (const bool is_kubernetes : {true, false}) {
            Fixture pods(written + global("x", std::string("types: [Egress], namespaceSelector: ") + by_name));
            pods.self.is_kubernetes = is_kubernetes;
            CHECK(*selects_view(*pods.snapshot(), pods.self, Direction::kEgress));
            CHECK_FALSE(pods.allows("1.2.3.4"));
            pods.self.name_space = "other";
            CHECK_FALSE(*selects_view(*pods.snapshot(), pods.self, Direction::kEgress));
        }
        Fixture sets(written + set +
                     global("x", std::string("egress: [{action: Allow, destination: {selector: color == 'red', namespaceSelector: ") +
                                     by_name + "}}]"));
        CHECK(sets.allows("192.0.2.1"));
        CHECK(sets.allows("198.51.100.1", 6, 80, {"a.com"}));
        CHECK_FALSE(sets.allows("198.51.100.1"));
        Fixture denied(written + set +
                       global("x", std::string("egress: [{action: Deny, destination: {selector: color == 'red', namespaceSelector: ") +
                                       by_name + "}}, {action: Allow}]"));
        CHECK_FALSE(denied.allows("192.0.2.1"));
        CHECK(denied.allows("198.51.100.1"));
    }
}

TEST_CASE("S7: selectors match known endpoints; notSelector everything else") {
    Fixture fixture(global("x", "egress: [{action: Allow, destination: {selector: '!has(app)'}}]"));
    EndpointView other;
    other.name_space = "ns";
    other.addresses = {ip("10.9.0.2"), ip("fd00::2")};
    fixture.others = {other};
    CHECK(fixture.allows("10.9.0.2"));
    CHECK(fixture.allows("fd00::2"));
    CHECK_FALSE(fixture.allows("8.8.8.8"));
    Fixture negative(global("x", "egress: [{action: Allow, destination: {notSelector: '!has(app)'}}]"));
    negative.others = {other};
    CHECK_FALSE(negative.allows("10.9.0.2"));
    CHECK(negative.allows("8.8.8.8"));
}

TEST_CASE("the local side is decided at compile time, per family") {
    Fixture nets(global("x", "egress: [{action: Allow, source: {nets: [10.9.0.0/16]}}]"));
    CHECK(nets.allows("1.2.3.4"));
    CHECK_FALSE(nets.allows("2001:db8::1"));
    Fixture not_nets(global("x", "egress: [{action: Allow, source: {notNets: [10.9.0.0/16]}}]"));
    CHECK_FALSE(not_nets.allows("1.2.3.4"));
    CHECK(not_nets.allows("2001:db8::1"));
    CHECK(Fixture(global("x", "egress: [{action: Allow, source: {selector: app == 'web'}}]")).allows("1.2.3.4"));
    CHECK_FALSE(Fixture(global("x", "egress: [{action: Allow, source: {selector: app == 'db'}}]")).allows("1.2.3.4"));
    nets.self.addresses.push_back(ip("10.8.0.1"));
    const auto snapshot = nets.snapshot();
    CHECK_THAT(compile_view(*snapshot, nets.self, Direction::kEgress).error().message(),
               Catch::StartsWith("not supported yet: GlobalNetworkPolicy x, rule 1 (t.yaml:"));
}

TEST_CASE("protocols, ports, ranges, negations, ICMP") {
    Fixture ports(global("x", "egress: [{action: Allow, protocol: TCP, destination: {ports: ['1000:2000'], notPorts: [1500]}}]"));
    CHECK((ports.allows("1.1.1.1", 6, 1000) && ports.allows("1.1.1.1", 6, 2000) && ports.allows("1.1.1.1", 6, 1501)));
    CHECK_FALSE((ports.allows("1.1.1.1", 6, 999) || ports.allows("1.1.1.1", 6, 2001) || ports.allows("1.1.1.1", 6, 1500)));
    CHECK_FALSE(ports.allows("1.1.1.1", 17, 1000));
    Fixture all_ports(global("x", "egress: [{action: Allow, protocol: UDP, destination: {ports: ['1:65535']}}]"));
    CHECK((all_ports.allows("1.1.1.1", 17, 1) && all_ports.allows("1.1.1.1", 17, 65535) && !all_ports.allows("1.1.1.1", 17, 0)));
    Fixture not_udp(global("x", "egress: [{action: Allow, notProtocol: UDP}]"));
    CHECK((not_udp.allows("1.1.1.1", 6) && not_udp.allows("1.1.1.1", 47) && !not_udp.allows("1.1.1.1", 17)));
    Fixture icmp(global(
        "x",
        "egress: [{action: Allow, protocol: ICMP, icmp: {type: 8}}, {action: Allow, protocol: ICMPv6, notICMP: {type: 128, code: 1}}]"));
    CHECK((icmp.allows("1.1.1.1", 1, 8 << 8) && icmp.allows("1.1.1.1", 1, 8 << 8 | 7) && !icmp.allows("1.1.1.1", 1, 9 << 8)));
    CHECK((icmp.allows("fd00::9", 58, 128 << 8) && !icmp.allows("fd00::9", 58, 128 << 8 | 1) && !icmp.allows("fd00::9", 1, 8 << 8)));
    Fixture source(global("x", "egress: [{action: Allow, protocol: TCP, source: {ports: ['40000:40001']}}]"));
    CHECK((source.allows("1.1.1.1") && !source.compiled().source_ports.empty() && ports.compiled().source_ports.empty()));
    const std::string pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: self, namespace: ns}\nspec: {containers: [{ports: [{name: web, containerPort: "
        "8080}]}]}\n";
    Fixture named(pod + global("x", "ingress: [{action: Allow, protocol: TCP, destination: {ports: [web, other]}}]"));
    CHECK((named.admits("1.1.1.1", 6, 8080) && !named.admits("1.1.1.1", 6, 80)));
}

TEST_CASE("a named port means what the pod of its side says") {
    const auto pod = [](const std::string& name, int port, const std::string& protocol) {
        return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
               ", namespace: ns}\nspec: {containers: [{ports: [{name: web, "
               "containerPort: " +
               std::to_string(port) + ", protocol: " + protocol + "}]}]}\n";
    };
    const std::string pods = pod("self", 8080, "TCP") + pod("a", 81, "TCP") + pod("b", 82, "TCP") + pod("c", 81, "UDP");
    const auto with_peers = [&](const std::string& rules) {
        Fixture fixture(pods + global("x", rules));
        for (const auto& [name, address] : {std::pair("a", "10.9.0.11"), {"b", "10.9.0.12"}, {"c", "10.9.0.13"}, {"d", "10.9.0.14"}}) {
            EndpointView peer;
            peer.name_space = "ns";
            peer.pod = name;
            peer.labels = {{"peer", name}};
            peer.addresses = {ip(address)};
            fixture.others.push_back(peer);
        }
        return fixture;
    };
    Fixture selected = with_peers("egress: [{action: Allow, protocol: TCP, destination: {selector: has(peer), ports: [web, 443]}}]");
    CHECK(selected.allows("10.9.0.11", 6, 81));
    CHECK(selected.allows("10.9.0.12", 6, 82));
    CHECK(selected.allows("10.9.0.11", 6, 443));
    CHECK(selected.allows("10.9.0.14", 6, 443));       // has no port of that name
    CHECK_FALSE(selected.allows("10.9.0.11", 6, 82));  // the port of another peer
    CHECK_FALSE(selected.allows("10.9.0.12", 6, 81));
    CHECK_FALSE(selected.allows("10.9.0.13", 6, 81));  // UDP there
    CHECK_FALSE(selected.allows("10.9.0.14", 6, 81));
    CHECK_FALSE(selected.allows("10.9.0.99", 6, 81));
    Fixture any = with_peers("egress: [{action: Allow, destination: {ports: [web]}}]");
    CHECK((any.allows("10.9.0.11", 6, 81) && any.allows("10.9.0.13", 17, 81)));
    CHECK_FALSE((any.allows("10.9.0.13", 6, 81) || any.allows("10.9.0.11", 17, 81) || any.allows("192.0.2.1", 6, 81)));
    Fixture negative = with_peers("egress: [{action: Allow, protocol: TCP, destination: {notPorts: [web, 22]}}]");
    CHECK((negative.allows("10.9.0.11", 6, 82) && negative.allows("10.9.0.12", 6, 81) && negative.allows("192.0.2.1", 6, 81)));
    CHECK_FALSE((negative.allows("10.9.0.11", 6, 81) || negative.allows("10.9.0.11", 6, 22) || negative.allows("192.0.2.1", 6, 22)));
    // Peers are kept apart when one of the two lists means other ports for them.
    Fixture both = with_peers("egress: [{action: Allow, protocol: TCP, destination: {ports: ['80:90'], notPorts: [web]}}]");
    CHECK((both.allows("10.9.0.11", 6, 82) && both.allows("10.9.0.12", 6, 81) && both.allows("192.0.2.1", 6, 81)));
    CHECK_FALSE((both.allows("10.9.0.11", 6, 81) || both.allows("10.9.0.12", 6, 82) || both.allows("10.9.0.11", 6, 91)));
    Fixture none = with_peers("egress: [{action: Allow, protocol: TCP, destination: {ports: [web], notPorts: [web]}}]");
    CHECK_FALSE((none.allows("10.9.0.11", 6, 81) || none.allows("10.9.0.12", 6, 82) || none.allows("10.9.0.11", 6, 82)));
    // On the endpoint's own side a name among notPorts is its own pod's port.
    Fixture own = with_peers("ingress: [{action: Allow, protocol: TCP, destination: {notPorts: [web]}}]");
    CHECK((own.admits("1.1.1.1", 6, 81) && own.admits("10.9.0.11", 6, 81)));
    CHECK_FALSE((own.admits("1.1.1.1", 6, 8080) || own.admits("10.9.0.11", 6, 8080)));
    Fixture leaving = with_peers("egress: [{action: Allow, protocol: TCP, source: {notPorts: [web]}}]");
    const auto leaves = [&](std::uint16_t source) {
        return evaluate(leaving.compiled(Direction::kEgress), {ip("192.0.2.1"), 6, source, 443, {}}).allowed;
    };
    CHECK((leaves(81) && !leaves(8080)));
    Fixture ingress = with_peers(
        "ingress: [{action: Allow, protocol: TCP, source: {selector: has(peer), ports: [web]}, destination: "
        "{ports: [web]}}]");
    const auto comes = [&](const char* from, std::uint16_t source, std::uint16_t destination) {
        return evaluate(ingress.compiled(Direction::kIngress), {ip(from), 6, source, destination, {}}).allowed;
    };
    CHECK(comes("10.9.0.11", 81, 8080));
    CHECK(comes("10.9.0.12", 82, 8080));
    CHECK_FALSE((comes("10.9.0.11", 82, 8080) || comes("10.9.0.11", 81, 81) || comes("192.0.2.1", 81, 8080)));
    // A Deny is split too, and denies only what it names.
    Fixture denied =
        with_peers("egress: [{action: Deny, protocol: TCP, destination: {selector: has(peer), ports: [web]}}, {action: Allow}]");
    CHECK((denied.allows("10.9.0.11", 6, 82) && denied.allows("10.9.0.13", 17, 81)));
    CHECK_FALSE((denied.allows("10.9.0.11", 6, 81) || denied.allows("10.9.0.12", 6, 82)));
    CHECK(denied.compiled().rules[0].origin.rule_index == 0);
    CHECK(denied.compiled().rules[2].origin.rule_index == 0);
}

TEST_CASE("the limits of a compiled policy name the policies") {
    const auto error_of = [](std::size_t rules, const char* rule) {
        std::string list;
        for (std::size_t i = 0; i < rules; ++i) {
            list += std::string(i == 0 ? "" : ", ") + rule;
        }
        Fixture fixture(global("big", "egress: [" + list + "]"));
        const auto snapshot = fixture.snapshot();
        const auto out = compile_view(*snapshot, fixture.self, Direction::kEgress);
        return out ? std::string() : out.error().message();
    };
    CHECK(error_of(kMaxCompiledRules - 2, "{action: Allow}").empty());
    CHECK_THAT(error_of(kMaxCompiledRules - 1, "{action: Allow}"), Catch::Contains("GlobalNetworkPolicy big"));
    CHECK(error_of(kMaxPassAndLogRules, "{action: Log}").empty());
    CHECK_THAT(error_of(kMaxPassAndLogRules + 1, "{action: Log}"),
               Catch::Contains("Pass and Log") && Catch::Contains("GlobalNetworkPolicy big"));
}

TEST_CASE("equal content has an equal hash, different content another one") {
    const std::string rule = "egress: [{action: Allow, destination: {domains: [a.com]}}]";
    const auto hash = [](const std::string& text) { return Fixture(text).compiled().content_hash; };
    CHECK(hash(global("x", rule)) == hash(global("y", rule)));
    CHECK(hash(global("x", rule)) != hash(global("x", "egress: [{action: Allow, destination: {domains: [b.com]}}]")));
    CHECK(hash(global("x", "types: [Egress]")) != hash(global("x", "types: [Egress], egress: [{action: Allow}]")));
}

TEST_CASE("100,000 nets and 1,000 rules compile in time") {
    std::vector<Resource> resources;
    NetworkSet set;
    set.kind = "GlobalNetworkSet";
    set.labels = {{"big", "yes"}};
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        set.nets.emplace_back(
            IpAddress::v4({11, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}), 32);
    }
    resources.emplace_back(std::move(set));
    Policy policy;
    policy.global = policy.applies_egress = true;
    Rule rule;
    rule.action = RuleAction::kAllow;
    rule.destination.selector = *Selector::parse("has(big)");
    policy.egress.assign(1000, rule);
    resources.emplace_back(std::move(policy));
    const Snapshot snapshot({std::make_shared<const FileResources>(std::move(resources))}, 1);
    EndpointView self;
    const auto start = std::chrono::steady_clock::now();
    const auto compiled = compile_view(snapshot, self, Direction::kEgress);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
    REQUIRE(compiled.has_value());
    CHECK(compiled->cidrs.size() == 100'002);
    WARN("compiled in " << took << " ms");
    CHECK(took < 5000);
}
