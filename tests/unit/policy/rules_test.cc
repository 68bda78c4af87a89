// SPDX-License-Identifier: Apache-2.0
// The rules of policy semantics one by one, each with a case that passes and one that fails. Rules that need DNS responses, packets
// over time, or pods with unknown labels have their cases in other tests, which say so by their tags: [D8+] has a case that passes by
// D8, [D8-] one that fails by it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <set>

#include "policy/compiler/compile.h"
#include "policy/documents/decode_file.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"
#include "support/test_tags.h"

namespace rules_test {

using namespace namegate;
using namespace namegate::policy;

namespace {

std::string document(const std::string& kind, const std::string& metadata, const std::string& spec) {
    return "---\napiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {" + metadata + "}\nspec: {" + spec + "}\n";
}
std::string global(const std::string& spec, const std::string& name = "x") {
    return document("GlobalNetworkPolicy", "name: " + name, spec);
}
std::string local(const std::string& spec) { return document("NetworkPolicy", "name: x, namespace: ns", spec); }
std::string egress(const std::string& rule) { return global("egress: [" + rule + "]"); }
std::string to(const std::string& destination) { return egress("{action: Allow, destination: {" + destination + "}}"); }
std::string set(const std::string& kind, const std::string& metadata, const std::string& spec) {
    return document(kind, "name: s, labels: {color: red}" + metadata, spec);
}
std::string tier(const std::string& name, const std::string& spec) { return document("Tier", "name: " + name, spec); }

// A packet of the pod ns/self (labels app=web, service account robot), to or from an address that names opened.
struct Packet {
    const char* remote = "192.0.2.1";
    std::uint16_t port = 80;
    std::vector<std::string> names{};
    Direction direction = Direction::kEgress;
    std::uint8_t protocol = 6;
    std::optional<std::string> tls_name{};
    bool to_trusted_server = false;
};

struct Case {
    const char* rules;  // "D5 E6"
    std::string policies;
    Packet packet;
    bool allowed;
};

EndpointView endpoint(const char* name_space, const char* pod, Labels labels, const char* address) {
    EndpointView out;
    out.name_space = name_space;
    out.pod = pod;
    out.labels = std::move(labels);
    out.service_account = "robot";
    out.is_kubernetes = true;
    out.labels_known = true;
    out.addresses = {*IpAddress::parse(address)};
    return out;
}

const std::string kNamespace =
    "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ns, labels: {env: prod}}\n---\napiVersion: v1\nkind: ServiceAccount\n"
    "metadata: {name: robot, namespace: ns, labels: {role: r}}\n";

bool allows(const std::string& policies, const Packet& packet) {
    PolicyStore store;
    store.set_file("rules.yaml", kNamespace + policies);
    const FileStatus status = store.files().at(0);
    for (const Problem& problem : status.problems) {
        UNSCOPED_INFO(to_string(problem));
    }
    REQUIRE(status.loaded);
    const std::vector<EndpointView> endpoints = {endpoint("ns", "self", {{"app", "web"}}, "10.9.0.1"),
                                                 endpoint("ns", "other", {}, "10.9.0.2"),
                                                 endpoint("far", "db", {{"app", "db"}}, "10.9.0.3")};
    const auto snapshot = store.snapshot();
    const auto compiled = policy::test::compile_view(*snapshot, endpoints.front(), packet.direction, endpoints);
    REQUIRE(compiled.has_value());
    PacketView view{*IpAddress::parse(packet.remote), packet.protocol, 40000, packet.port, packet.names};
    view.tls_name = packet.tls_name;
    view.to_trusted_server = packet.to_trusted_server;
    return evaluate(*compiled, view).allowed;
}

constexpr Direction kIn = Direction::kIngress;

std::vector<Case> domain_cases() {
    const std::string reach_set = to("selector: color == 'red'");
    const std::string domains = "allowedEgressDomains: [a.com], nets: [198.51.100.1]";
    return {
        {"D1", to("domains: [a.com]"), {.names = {"a.com"}}, true},
        {"D1", to("domains: [a.com]"), {.names = {"b.com"}}, false},
        {"D1", set("GlobalNetworkSet", "", domains) + reach_set, {.names = {"a.com"}}, true},
        {"D1", set("GlobalNetworkSet", "", domains) + reach_set, {.names = {"b.com"}}, false},
        {"D2", to("domains: [a.com, b.com]"), {.names = {"b.com"}}, true},
        {"D2", egress("{action: Allow, protocol: TCP, destination: {domains: [a.com], ports: [443]}}"), {.names = {"a.com"}}, false},
        {"D2", to("domains: [a.com], notNets: [192.0.2.0/24]"), {.names = {"a.com"}}, false},
        {"D3", set("GlobalNetworkSet", "", domains) + reach_set, {.remote = "198.51.100.1"}, true},
        {"D3",
         set("GlobalNetworkSet", "", domains) + egress("{action: Deny, destination: {selector: color == 'red'}}, {action: Allow}"),
         {.names = {"a.com"}},
         true},
        {"D3",
         set("GlobalNetworkSet", "", domains) + egress("{action: Deny, destination: {selector: color == 'red'}}, {action: Allow}"),
         {.remote = "198.51.100.1"},
         false},
        {"D3",
         set("GlobalNetworkSet", "", domains) + global("ingress: [{action: Allow, source: {selector: color == 'red'}}]"),
         {.names = {"a.com"}, .direction = kIn},
         false},
        {"D4",
         set("NetworkSet", ", namespace: ns", domains) + local("egress: [{action: Allow, destination: {selector: has(color)}}]"),
         {.names = {"a.com"}},
         true},
        {"D4",
         set("NetworkSet", ", namespace: far", domains) + local("egress: [{action: Allow, destination: {selector: has(color)}}]"),
         {.names = {"a.com"}},
         false},
        {"D4",
         set("GlobalNetworkSet", "", domains) + local("egress: [{action: Allow, destination: {selector: has(color)}}]"),
         {.names = {"a.com"}},
         false},
        {"D4",
         set("GlobalNetworkSet", "", domains) +
             local("egress: [{action: Allow, destination: {selector: has(color), namespaceSelector: global()}}]"),
         {.names = {"a.com"}},
         true},
        {"D5", to("domains: [google.com]"), {.names = {"google.com"}}, true},
        {"D5", to("domains: [google.com]"), {.names = {"www.google.com"}}, false},
        {"D6", to("domains: ['*.google.com']"), {.names = {"www.ipv6.google.com"}}, true},
        {"D6", to("domains: ['*.google.com']"), {.names = {"google.com"}}, false},
        {"D6", to("domains: [update.*.example.com]"), {.names = {"update.a.b.example.com"}}, true},
        {"D6", to("domains: [update.*.example.com]"), {.names = {"update.example.com"}}, false},
        {"D7", to("domains: [Example.COM.]"), {.names = {"example.com"}}, true},
        {"D7", to("domains: [example.com]"), {.names = {"evilexample.com"}}, false},
        {"D7", to("domains: ['*.example.com']"), {.names = {"www.evilexample.com"}}, false},
        {"D12", to("domains: [a.com]"), {.remote = "192.0.2.53", .port = 53}, false},
        {"D12", egress("{action: Allow, protocol: TCP, destination: {ports: ['53']}}"), {.remote = "192.0.2.53", .port = 53}, true},
        {"D16", to("domains: [a.com]"), {.names = {"shared.cdn.net", "a.com"}}, true},
        {"D16", to("domains: [a.com]"), {.names = {"shared.cdn.net"}}, false},
    };
}

std::vector<Case> selector_cases() {
    const auto applied = [](const std::string& selector) { return global("types: [Egress], selector: \"" + selector + "\""); };
    const auto name_space = [](const std::string& selector) { return global("types: [Egress], namespaceSelector: \"" + selector + "\""); };
    return {
        {"S1", applied("has(app) && (app in {'web', 'x'} || all()) && !(app starts with 'b')"), {}, false},
        {"S1", applied("app == 'web' && has(none)"), {}, true},
        {"S2", applied("none != 'x'"), {}, false},
        {"S2", applied("none == 'x'"), {}, true},
        {"S3", applied("!app == 'db'"), {}, false},
        {"S3", applied("!!app == 'db'"), {}, true},
        {"S5", applied("projectcalico.org/namespace == 'ns' && projectcalico.org/serviceaccount == 'robot'"), {}, false},
        {"S5", applied("projectcalico.org/orchestrator == 'k8s' && pcns.env == 'prod' && pcsa.role == 'r'"), {}, false},
        {"S5", applied("pcns.projectcalico.org/name == 'ns' && pcsa.projectcalico.org/name == 'robot'"), {}, false},
        {"S5", applied("projectcalico.org/orchestrator == 'cni'"), {}, true},
        {"S6", name_space("env == 'prod'"), {}, false},
        {"S6", name_space("all()"), {}, false},
        {"S6", name_space("global()"), {}, true},
        {"S6", name_space("app == 'web'"), {}, true},
        {"S7", to("selector: '!has(app)'"), {.remote = "10.9.0.2"}, true},
        {"S7", to("selector: '!has(app)'"), {.remote = "192.0.2.1"}, false},
        {"S7", to("notSelector: '!has(app)'"), {.remote = "192.0.2.1"}, true},
        {"S7", to("notSelector: '!has(app)'"), {.remote = "10.9.0.2"}, false},
    };
}

std::vector<Case> evaluation_cases() {
    const std::string first = tier("first", "order: 1");
    const std::string deny_all = global("types: [Egress]");
    return {
        {"E2", first + global("tier: first, types: [Ingress]", "f") + to("nets: [192.0.2.1]"), {}, true},
        {"E2", first + global("tier: first, types: [Egress]", "f") + to("nets: [192.0.2.1]"), {}, false},
        {"E3", global("order: 1, egress: [{action: Allow}]", "a") + global("order: 2, egress: [{action: Deny}]", "b"), {}, true},
        {"E3", global("order: 2, egress: [{action: Allow}]", "a") + global("order: 1, egress: [{action: Deny}]", "b"), {}, false},
        {"E3", global("egress: [{action: Log}, {action: Allow}, {action: Deny}]"), {}, true},
        {"E3", first + global("tier: first, egress: [{action: Pass}, {action: Allow}]", "f") + deny_all, {}, false},
        {"E3", first + global("tier: first, egress: [{action: Pass}, {action: Deny}]", "f") + egress("{action: Allow}"), {}, true},
        {"E4",
         tier("first", "order: 1, defaultAction: Pass") + global("tier: first, types: [Egress]", "f") + egress("{action: Allow}"),
         {},
         true},
        {"E4",
         tier("first", "order: 1, defaultAction: Deny") + global("tier: first, types: [Egress]", "f") + egress("{action: Allow}"),
         {},
         false},
        {"E4",
         first + document("StagedGlobalNetworkPolicy", "name: f", "tier: first, types: [Egress]") + egress("{action: Allow}"),
         {},
         true},
        {"E5", global("types: [Egress], selector: app == 'db'"), {}, true},
        {"E5", deny_all, {.direction = kIn}, true},
        {"E5", deny_all, {}, false},
        {"E6", global("types: [Egress], egress: []"), {}, false},
        {"E6", global("types: [Ingress], ingress: []"), {}, true},
        {"E6", global("types: [Ingress], ingress: []"), {.direction = kIn}, false},
        {"E9", to("nets: [10.96.0.1]"), {.remote = "10.96.0.1"}, true},
        {"E9", to("selector: app == 'db'"), {.remote = "10.96.0.1"}, false},
    };
}

// Accepted, or refused with a message that contains this.
std::vector<Case> tls_cases() {
    const auto rule = [](const std::string& domain, const std::string& tls) {
        return "{action: Allow, destination: {domains: [" + domain + "]}, metadata: {annotations: {namegate.dev/tls: '" + tls + "'}}}";
    };
    const std::string both = egress(rule("a.com", "require") + ", " + rule("b.com", "require"));
    const std::vector<std::string> shared = {"a.com", "b.com"};
    constexpr std::uint8_t kUdp = 17;
    return {
        {"T1", egress(rule("a.com", "off")), {.names = {"a.com"}, .tls_name = "b.com"}, true},
        {"T1", egress(rule("a.com", "verify")), {.names = {"a.com"}, .tls_name = "b.com"}, false},
        {"T2", egress(rule("a.com", "require")), {.port = 53, .names = {"a.com"}, .protocol = kUdp, .to_trusted_server = true}, true},
        {"T2", egress(rule("a.com", "require")), {.port = 53, .names = {"a.com"}, .protocol = kUdp}, false},
        {"T3", egress(rule("a.com", "require")), {.names = {"a.com"}, .tls_name = "a.com"}, true},
        {"T3", egress(rule("a.com", "require")), {.names = shared, .tls_name = "b.com"}, false},
        {"T4", both, {.names = shared, .tls_name = "b.com"}, true},
        {"T4", both, {.names = shared, .tls_name = "c.com"}, false},
        {"T5", egress(rule("a.com", "verify")), {.port = 80, .names = {"a.com"}, .protocol = kUdp}, true},
        {"T5", egress(rule("a.com", "verify")), {.port = 443, .names = {"a.com"}, .protocol = kUdp}, false},
        {"T5", egress(rule("a.com", "require")), {.port = 80, .names = {"a.com"}, .protocol = kUdp}, false},
    };
}

struct FileCase {
    const char* rules;
    std::string content;
    const char* problem;
};

std::vector<FileCase> file_cases() {
    const auto selector = [](const std::string& text) { return global("selector: \"" + text + "\""); };
    const std::string one = set("GlobalNetworkSet", "", "nets: []");
    return {
        {"S4", selector("a == 'b'"), ""},
        {"S4", selector("a"), "has no operator"},
        {"S4", selector("a == b"), "in quotes"},
        {"S4", selector("has(a) & has(b)"), "single '&'"},
        {"D2", egress("{action: Deny, destination: {domains: [a.com]}}"), "action: Allow"},
        {"D6", to("domains: ['*']"), "bare"},
        {"V1", global("selector: all()"), ""},
        {"V1", global("selektor: all()"), "did you mean \"selector\"?"},
        {"V1", document("GlobalNetworkPolize", "name: x", ""), "did you mean GlobalNetworkPolicy?"},
        {"V2", egress("{action: Allow, protocol: SCTP, destination: {ports: ['1:65535']}}"), ""},
        {"V2", egress("{action: Allow, destination: {ports: [80]}}"), "ports need protocol"},
        {"V3", egress("{action: Allow, protocol: ICMP, icmp: {type: 8}}"), ""},
        {"V3", egress("{action: Allow, protocol: TCP, icmp: {type: 8}}"), "needs protocol: ICMP"},
        {"V4", egress("{action: Allow, ipVersion: 4, destination: {nets: [192.0.2.0/24]}}"), ""},
        {"V4", egress("{action: Allow, ipVersion: 6, destination: {nets: [192.0.2.0/24]}}"), "does not agree"},
        {"V5", to("namespaceSelector: global()"), ""},
        {"V5", to("selector: global()"), "global() is allowed only"},
        {"V6", global("doNotTrack: false"), ""},
        {"V6", global("doNotTrack: true"), "not supported"},
        {"V7", one + global("types: [Egress]"), ""},
        {"V7", one + one, "already defined at rules.yaml:"},
    };
}

using Outcomes = std::map<std::string, std::set<bool>>;

void note(Outcomes& outcomes, const std::string& rule, bool outcome) { outcomes[rule].insert(outcome); }

void note_tagged(Outcomes& outcomes) {
    const std::regex tag("\\[([DSETV][0-9]+)([+-])\\]");
    for (const std::string& tags : namegate::test::test_case_tags(NAMEGATE_TESTS)) {
        for (const auto& match : namegate::test::all_matches(tags, tag)) {
            note(outcomes, match[0], match[1] == "+");
        }
    }
}

}  // namespace

TEST_CASE("every rule has a case that passes and one that fails") {
    Outcomes outcomes;
    for (const auto& cases : {domain_cases(), selector_cases(), evaluation_cases(), tls_cases()}) {
        for (const Case& each : cases) {
            INFO(each.rules << ": " << each.policies << " remote " << each.packet.remote);
            CHECK(allows(each.policies, each.packet) == each.allowed);
            note(outcomes, each.rules, each.allowed);
        }
    }
    for (const FileCase& each : file_cases()) {
        INFO(each.rules << ": " << each.content);
        const Problems problems = decode_file("rules.yaml", each.content).problems;
        const bool good = *each.problem == '\0';
        CHECK(problems.empty() == good);
        if (!good && !problems.empty()) {
            CHECK_THAT(to_string(problems.front()), Catch::Contains(each.problem));
        }
        note(outcomes, each.rules, good);
    }
    note_tagged(outcomes);
    std::set<std::string> rules;
    for (const auto& [letter, count] : {std::pair("D", 22), {"S", 8}, {"E", 11}, {"T", 9}, {"V", 7}}) {
        for (int number = 1; number <= count; ++number) {
            rules.insert(letter + std::to_string(number));
        }
    }
    for (const std::string& rule : rules) {
        INFO(rule);
        CHECK(outcomes[rule] == std::set<bool>{false, true});
    }
    CHECK(outcomes.size() == rules.size());  // no case cites an unknown rule
}

}  // namespace rules_test
