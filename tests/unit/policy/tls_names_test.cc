// SPDX-License-Identifier: Apache-2.0
// Which connections have to show TLS names: what annotations and setting say, what is compiled of it, and the verdicts (T1 to T5).
#include <catch2/catch.hpp>

#include "policy/compiler/evaluate.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;
using namespace namegate::policy;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

std::string document(const std::string& kind, const std::string& metadata, const std::string& spec) {
    const bool kubernetes = kind == "Kubernetes";
    return std::string("---\napiVersion: ") + (kubernetes ? "networking.k8s.io/v1" : "projectcalico.org/v3") +
           "\nkind: " + (kubernetes ? "NetworkPolicy" : kind) + "\nmetadata: {" + metadata + "}\nspec: {" + spec + "}\n";
}
std::string annotated(const std::string& annotations, const std::string& spec, const std::string& name = "p") {
    return document("GlobalNetworkPolicy", "name: " + name + ", annotations: {" + annotations + "}", spec);
}
// A rule with these annotations that allows these domains.
std::string to(const std::string& domains, const std::string& annotations = "", const std::string& more = "") {
    return "{action: Allow, " + more + "destination: {domains: [" + domains + "]}, metadata: {annotations: {" + annotations + "}}}";
}
std::string tls(const std::string& word) { return "namegate.dev/tls: '" + word + "'"; }
std::string quic(const std::string& word) { return "namegate.dev/quic: " + word; }
std::string egress(const std::string& rules) { return annotated("", "egress: [" + rules + "]"); }

std::string problem_of(const std::string& yaml) {
    PolicyStore store;
    store.set_file("p.yaml", yaml);
    const std::vector<FileStatus> files = store.files();
    return files.front().problems.empty() ? "" : to_string(files.front().problems.front());
}

CompiledPolicy compiled(const std::string& yaml, TlsNames node_default = TlsNames::kOff, Direction direction = Direction::kEgress) {
    PolicyStore store;
    store.set_file("p.yaml", yaml);
    INFO(yaml << problem_of(yaml));
    REQUIRE(store.files().front().problems.empty());
    EndpointView pod;
    pod.name_space = "default";
    pod.pod = "self";
    pod.is_kubernetes = true;
    pod.labels_known = true;
    pod.addresses = {*IpAddress::parse("10.1.0.2")};
    const auto snapshot = store.snapshot();
    auto out = policy::test::compile_view(*snapshot, pod, direction, {}, false, node_default);
    REQUIRE(out);
    return std::move(out).value();
}

TlsBinding first_rule(const std::string& yaml, TlsNames node_default = TlsNames::kOff) {
    return compiled(yaml, node_default).rules.front().tls;
}

std::vector<std::size_t> bound_rules(const CompiledPolicy& policy) {
    std::vector<std::size_t> out;
    for (std::size_t rule = 0; rule < policy.rules.size(); ++rule) {
        if (has_rule(policy.bitmaps[policy.bound], rule)) {
            out.push_back(rule);
        }
    }
    return out;
}

constexpr TlsBinding kFree{};
constexpr TlsBinding kVerify{TlsNames::kVerify, Quic::kDeny};
constexpr TlsBinding kRequire{TlsNames::kRequire, Quic::kDeny};

// To an address that both names opened, with the TLS name that the connection showed; empty: it is not known yet.
PacketView shows(const std::string& tls_name, std::vector<std::string> opened = {"a.com", "b.com"}) {
    PacketView packet;
    packet.remote = *IpAddress::parse("192.0.2.1");
    packet.destination_port = 443;
    packet.names = std::move(opened);
    if (!tls_name.empty()) {
        packet.tls_name = tls_name;
    }
    return packet;
}

PacketView other_protocol(std::uint8_t protocol, std::uint16_t port) {
    PacketView packet = shows("");
    packet.protocol = protocol;
    packet.destination_port = port;
    return packet;
}

}  // namespace

TEST_CASE("T1: a rule's annotation comes before that of its policy, and that before the node's setting") {
    const auto rule = [](const std::string& of_policy, const std::string& of_rule, TlsNames of_node) {
        return first_rule(annotated(of_policy, "egress: [" + to("a.com", of_rule) + "]"), of_node);
    };
    CHECK(rule("", "", TlsNames::kOff) == kFree);
    CHECK(rule("", "", TlsNames::kVerify) == kVerify);
    CHECK(rule("", "", TlsNames::kRequire) == kRequire);
    CHECK(rule(tls("require"), "", TlsNames::kOff) == kRequire);
    CHECK(rule(tls("verify"), "", TlsNames::kRequire) == kVerify);
    CHECK(rule(tls("off"), "", TlsNames::kRequire) == kFree);
    CHECK(rule(tls("require"), tls("off"), TlsNames::kRequire) == kFree);
    CHECK(rule(tls("off"), tls("verify"), TlsNames::kOff) == kVerify);
    CHECK(rule("", tls("require"), TlsNames::kOff) == kRequire);
    CHECK(rule(quic("allow"), "", TlsNames::kVerify) == TlsBinding{TlsNames::kVerify, Quic::kAllow});
    CHECK(rule(quic("allow"), quic("deny"), TlsNames::kVerify) == kVerify);
    CHECK(rule(quic("allow"), "", TlsNames::kOff) == kFree);
    const std::string staged =
        document("StagedGlobalNetworkPolicy", "name: s, annotations: {" + tls("require") + "}", "order: 1, egress: [" + to("a.com") + "]");
    CHECK(first_rule(egress(to("a.com")) + staged) == kFree);
}

TEST_CASE("T1: an annotation that has no effect, or another word, is an error at its place") {
    CHECK_THAT(problem_of(annotated(tls("Require"), "egress: [" + to("a.com") + "]")),
               Contains("p.yaml:4:") && Contains("write off, verify or require"));
    CHECK_THAT(problem_of(egress(to("a.com", tls("on")))),
               Contains("p.yaml:5:") && Contains("spec.egress[0].metadata.annotations.namegate.dev/tls"));
    CHECK_THAT(problem_of(egress(to("a.com", quic("'no'")))), Contains("write deny or allow"));
    CHECK_THAT(problem_of(egress(to("a.com", "namegate.dev/tls: off"))), Contains("write \"off\" in quotes"));
    CHECK_THAT(problem_of(egress(to("a.com", "namegate.dev/tsl: verify"))), Contains("namegate.dev/tls or namegate.dev/quic"));
    CHECK_THAT(problem_of(egress(to("a.com", "namegate.dev/dns: any"))), Contains("write it into the metadata of the policy"));
    CHECK_THAT(problem_of(annotated(tls("verify"), "types: [Ingress]")), Contains("has no effect: ") && Contains("add Egress"));
    CHECK_THAT(
        problem_of(document("Kubernetes", "name: k, annotations: {" + tls("verify") + "}", "podSelector: {}, policyTypes: [Egress]")),
        Contains("has no effect: Kubernetes' NetworkPolicy has no domains"));
    const auto on_rule = [](const std::string& rule, const std::string& annotation) {
        return problem_of(egress("{" + rule + ", metadata: {annotations: {" + annotation + "}}}"));
    };
    CHECK_THAT(on_rule("action: Allow, destination: {nets: [192.0.2.0/24]}", tls("verify")), Contains("the rule has no domains"));
    CHECK_THAT(on_rule("action: Allow", tls("verify")), Contains("the rule has no domains"));
    CHECK_THAT(on_rule("action: Allow, destination: {selector: all(), serviceAccounts: {names: [x]}}", tls("verify")),
               Contains("no domains"));
    CHECK_THAT(on_rule("action: Deny, destination: {selector: all()}", tls("verify")), Contains("action: Allow"));
    CHECK_THAT(problem_of(annotated("", "ingress: [{action: Allow, metadata: {annotations: {" + tls("verify") + "}}}]")),
               Contains("egress rules"));
    CHECK_THAT(problem_of(egress(to("a.com", tls("verify"), "protocol: SCTP, "))), Contains("neither for TCP nor for UDP"));
    CHECK_THAT(problem_of(egress(to("a.com", quic("allow"), "protocol: TCP, "))), Contains("QUIC is UDP"));
    CHECK_THAT(problem_of(egress(to("a.com", quic("allow") + ", " + tls("off")))), Contains("namegate.dev/tls is off"));
}

TEST_CASE("T1: annotations that may have an effect, and those of other programs, are accepted") {
    CHECK(problem_of(egress(to("a.com", "namegate.example/tls: maybe"))).empty());
    CHECK(problem_of(egress(to("a.com", tls("verify") + ", " + quic("allow")))).empty());
    CHECK(problem_of(egress(to("a.com", tls("off")))).empty());
    CHECK(problem_of(egress(to("a.com", tls("verify"), "protocol: UDP, "))).empty());
    CHECK(problem_of(egress(to("a.com", quic("allow"), "notProtocol: TCP, "))).empty());
    for (const char* destination : {"selector: all()", "namespaceSelector: global()"}) {
        CHECK(problem_of(egress(std::string("{action: Allow, destination: {") + destination + "}, metadata: {annotations: {" +
                                tls("verify") + "}}}"))
                  .empty());
    }
    // What comes from the policy or the node has no effect on these rules, silently.
    const std::string rules = "{action: Deny, destination: {nets: [192.0.2.1]}}, {action: Allow, protocol: ICMP}, " + to("a.com");
    CHECK(problem_of(annotated(tls("require") + ", " + quic("allow"), "ingress: [{action: Allow}], egress: [" + rules + "]")).empty());
}

TEST_CASE("T1: policies that differ only in TLS names have different content") {
    const auto hash = [](const std::string& annotations) { return compiled(egress(to("a.com", annotations))).content_hash; };
    const std::vector<std::array<std::uint64_t, 2>> hashes = {hash(""), hash(tls("verify")), hash(tls("require")),
                                                              hash(tls("verify") + ", " + quic("allow"))};
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            CHECK(hashes[i] != hashes[k]);
        }
    }
    CHECK(hash(tls("off")) == hash(""));
}

TEST_CASE("T2: only egress Allow rules with a domain bind, also through a network set") {
    const std::string set =
        document("GlobalNetworkSet", "name: s, labels: {color: red}", "allowedEgressDomains: [s.com], nets: [192.0.2.9]");
    const std::string rules =
        "{action: Deny, destination: {selector: color == 'red'}}, {action: Allow, destination: {nets: [192.0.2.5]}}, " + to("a.com") +
        ", {action: Allow, destination: {selector: color == 'red'}}, " + to("b.com", tls("off")) +
        ", {action: Allow, destination: {selector: color == 'blue'}}, {action: Allow, protocol: ICMP}";
    const CompiledPolicy policy = compiled(set + egress(rules), TlsNames::kRequire);
    CHECK(bound_rules(policy) == std::vector<std::size_t>{2, 3});
    CHECK(policy.rules[3].tls == kRequire);
    CHECK(policy.rules[1].tls == kFree);
    CHECK(compiled(set + egress(rules)).bound == 0);
    CHECK(compiled(annotated("", "ingress: [{action: Allow, source: {selector: color == 'red'}}]") + set, TlsNames::kRequire,
                   Direction::kIngress)
              .bound == 0);
    // The address of the set matches by its prefix, so no name is asked for.
    CHECK(evaluate(policy, {*IpAddress::parse("192.0.2.9"), kTcp, 40000, 443, {"s.com"}}).tls == TlsOutcome::kFree);
    CHECK(evaluate(policy, shows("", {"s.com"})).tls == TlsOutcome::kBound);
}

TEST_CASE("T2: packets to a DNS port of a trusted server never have to show a TLS name") {
    const CompiledPolicy policy = compiled(egress(to("a.com", tls("require"))));
    for (const std::uint8_t protocol : {kTcp, kUdp}) {
        PacketView packet = other_protocol(protocol, 53);
        CHECK(evaluate(policy, packet).tls == (protocol == kTcp ? TlsOutcome::kBound : TlsOutcome::kCannotShow));
        packet.to_trusted_server = true;
        CHECK(evaluate(policy, packet).allowed);
        CHECK(evaluate(policy, packet).tls == TlsOutcome::kFree);
        packet.tls_name = "c.com";
        CHECK(evaluate(policy, packet).allowed);
    }
}

TEST_CASE("T3: with a TLS name, a rule that binds admits what its own domains match") {
    for (const char* word : {"verify", "require"}) {
        INFO(word);
        const CompiledPolicy policy = compiled(egress(to("a.com, '*.c.com'", tls(word))));
        const Verdict unknown = evaluate(policy, shows(""));
        CHECK(unknown.allowed);
        CHECK(unknown.tls == TlsOutcome::kBound);
        const Verdict own = evaluate(policy, shows("a.com"));
        CHECK(own.allowed);
        CHECK(own.tls == TlsOutcome::kBound);
        CHECK_FALSE(evaluate(policy, shows("b.com")).allowed);
        // Its domain matches this name, but did not open this address.
        CHECK_FALSE(evaluate(policy, shows("x.c.com")).allowed);
        CHECK(evaluate(policy, shows("x.c.com", {"y.c.com"})).allowed);
        CHECK_FALSE(evaluate(policy, shows("a.com", {"b.com"})).allowed);
    }
    const CompiledPolicy off = compiled(egress(to("a.com")));
    CHECK(evaluate(off, shows("b.com")).allowed);
    CHECK(evaluate(off, shows("b.com")).tls == TlsOutcome::kFree);
}

TEST_CASE("T4: two rules on one address are told apart by the TLS name, in either order") {
    const std::string first = to("a.com", tls("verify"));
    const std::string second = to("b.com", tls("require"));
    for (const std::string& rules : {first + ", " + second, second + ", " + first}) {
        const CompiledPolicy policy = compiled(egress(rules));
        const auto by = [&policy](const std::string& name) {
            const Verdict verdict = evaluate(policy, shows(name));
            return verdict.allowed ? policy.rules[verdict.rule].origin.text : "denied";
        };
        CHECK(by("a.com") == "Allow to domains a.com");
        CHECK(by("b.com") == "Allow to domains b.com");
        CHECK(by("c.com") == "denied");
    }
}

TEST_CASE("T4: rules that do not bind, and those that match by nets, count as always") {
    const std::string bound = to("a.com", tls("require"));
    const auto verdict = [](const std::string& rules, const std::string& name) { return evaluate(compiled(egress(rules)), shows(name)); };
    const Verdict later = verdict(bound + ", " + to("b.com"), "c.com");
    CHECK(later.allowed);
    CHECK(later.rule == 1);
    CHECK(later.tls == TlsOutcome::kFree);
    CHECK(verdict(bound + ", {action: Allow, destination: {nets: [192.0.2.0/24]}}", "c.com").allowed);
    CHECK_FALSE(verdict(bound + ", {action: Allow, destination: {nets: [198.51.100.0/24]}}", "c.com").allowed);
    CHECK_FALSE(verdict(bound + ", {action: Deny}, " + to("b.com"), "c.com").allowed);
    // A rule before it that does not bind decides alone.
    const Verdict earlier = verdict(to("b.com") + ", " + bound, "c.com");
    CHECK(earlier.rule == 0);
    CHECK(earlier.tls == TlsOutcome::kFree);
}

TEST_CASE("T5: what a rule's protocol leaves of its binding") {
    struct Case {
        const char* protocol;
        TlsBinding verify;
        TlsBinding require;
        TlsBinding require_with_quic;
    };
    const TlsBinding open{TlsNames::kRequire, Quic::kAllow};
    for (const Case& each : {Case{"", kVerify, kRequire, open}, Case{"notProtocol: ICMP, ", kVerify, kRequire, open},
                             Case{"protocol: TCP, ", kVerify, kRequire, kRequire}, Case{"protocol: UDP, ", kVerify, kVerify, kFree},
                             Case{"protocol: ICMP, ", kFree, kFree, kFree}, Case{"protocol: SCTP, ", kFree, kFree, kFree}}) {
        INFO(each.protocol);
        const auto of = [&each](const std::string& annotations) {
            return first_rule(annotated(annotations, "egress: [" + to("a.com", "", each.protocol) + "]"));
        };
        CHECK(of(tls("verify")) == each.verify);
        CHECK(of(tls("require")) == each.require);
        CHECK(of(tls("require") + ", " + quic("allow")) == each.require_with_quic);
    }
    const std::string only_quic = annotated(tls("require") + ", " + quic("allow"), "egress: [" + to("a.com", "", "protocol: UDP, ") + "]");
    CHECK(compiled(only_quic).bound == 0);
}

TEST_CASE("T5: QUIC and other protocols that a domain of such a rule admits") {
    const auto outcome = [](const std::string& annotations, const std::string& protocol, std::uint8_t of_packet, std::uint16_t port) {
        const Verdict verdict = evaluate(compiled(egress(to("a.com", annotations, protocol))), other_protocol(of_packet, port));
        CHECK(verdict.rule == 0);
        CHECK(verdict.allowed == (verdict.tls != TlsOutcome::kCannotShow));
        return verdict.tls;
    };
    const std::string verify = tls("verify");
    const std::string require = tls("require");
    CHECK(outcome(verify, "", kUdp, 443) == TlsOutcome::kCannotShow);
    CHECK(outcome(verify, "", kUdp, 444) == TlsOutcome::kFree);
    CHECK(outcome(verify, "", 1, 8 << 8) == TlsOutcome::kFree);
    CHECK(outcome(verify, "protocol: UDP, ", kUdp, 443) == TlsOutcome::kCannotShow);
    CHECK(outcome(verify + ", " + quic("allow"), "", kUdp, 443) == TlsOutcome::kFree);
    CHECK(outcome(require, "", kUdp, 443) == TlsOutcome::kCannotShow);
    CHECK(outcome(require, "", kUdp, 444) == TlsOutcome::kCannotShow);
    CHECK(outcome(require, "", 1, 8 << 8) == TlsOutcome::kCannotShow);
    CHECK(outcome(require + ", " + quic("allow"), "", kUdp, 443) == TlsOutcome::kFree);
    CHECK(outcome(require + ", " + quic("allow"), "", kUdp, 444) == TlsOutcome::kCannotShow);
    CHECK(outcome(require, "protocol: UDP, ", kUdp, 444) == TlsOutcome::kFree);
    CHECK(outcome(require, "protocol: UDP, ", kUdp, 443) == TlsOutcome::kCannotShow);
    // The first rule decides: one that names the protocol has to be before it.
    const CompiledPolicy both = compiled(egress(to("a.com", "", "protocol: UDP, ") + ", " + to("a.com", require)));
    CHECK(evaluate(both, other_protocol(kUdp, 443)).allowed);
    CHECK(evaluate(both, shows("")).tls == TlsOutcome::kBound);
}
