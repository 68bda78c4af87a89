// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "policy/documents/decode_file.h"
#include "policy/model/resources.h"

namespace validation_test {

using namespace namegate::policy;

namespace {

std::string problems_of(const std::string& content, const std::string& path = "p.yaml") {
    std::string out;
    for (const Problem& problem : decode_file(path, content).problems) {
        out += to_string(problem) + "\n";
    }
    return out;
}

// A GlobalNetworkPolicy whose only egress rule has these lines.
std::string egress_rule(const std::string& lines) {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: x}\nspec:\n  types: [Egress]\n  egress:\n  - " +
           lines + "\n";
}

std::string policy(const std::string& spec) {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: x}\nspec: " + spec + "\n";
}

struct Case {
    const char* rule;
    const char* problem;  // empty: good
};

void check_rules(std::initializer_list<Case> cases) {
    for (const Case& each : cases) {
        INFO(each.rule);
        const std::string found = problems_of(egress_rule(each.rule));
        if (*each.problem == '\0') {
            CHECK(found.empty());
        }
        CHECK_THAT(found, Catch::Contains(each.problem));
    }
}

}  // namespace

TEST_CASE("V1: unknown fields, kinds and words name the nearest known one") {
    CHECK_THAT(problems_of(policy("{Selector: all()}")),
               Catch::StartsWith("p.yaml:4:8: error: spec.Selector: there is no field") && Catch::Contains("did you mean \"selector\"?"));
    check_rules({{"{action: Allow, destination: {net: [1.2.3.4]}}", "did you mean \"nets\"?"},
                 {"{action: allow}", "\"allow\" is not allowed here; write Allow, Deny, Log or Pass; did you mean Allow?"},
                 {"{protocol: TCP}", "spec.egress[0].action: the field \"action\" is missing"},
                 {"{action: Allow, qwertz: 1}", "known are action"},
                 {"{action: Allow, destination: {nets: 1.2.3.4}}", "a list is needed here"},
                 {"{action: Allow, ipVersion: four}", "a whole number is needed"},
                 {"{action: Allow}", ""}});
    CHECK_THAT(problems_of("apiVersion: projectcalico.org/v3\nkind: NetworkPolice\nmetadata: {name: x}\n"),
               Catch::StartsWith("p.yaml:2:1:") && Catch::Contains("did you mean NetworkPolicy?"));
    CHECK_THAT(problems_of("apiVersion: projectcalico.org/v2\nkind: NetworkSet\nmetadata: {name: x}\n"),
               Catch::Contains("write projectcalico.org/v3 or policy.namegate.dev/v1"));
    CHECK_THAT(problems_of("apiVersion: networking.k8s.io/v2\nkind: NetworkPolicy\nmetadata: {name: x}\n"),
               Catch::Contains("write projectcalico.org/v3, policy.namegate.dev/v1 or networking.k8s.io/v1"));
    CHECK_THAT(problems_of("apiVersion: policy.namegate.dev/v1\nkind: ClusterNetworkPolicy\nmetadata: {name: x}\n"),
               Catch::Contains("write policy.networking.k8s.io/v1alpha2"));
    // What "kubectl get networksets.policy.namegate.dev -o yaml" prints is a policy file.
    CHECK_THAT(problems_of("apiVersion: policy.namegate.dev/v1\nkind: NetworkSet\nmetadata: {name: x, namespace: a, uid: 1-2}\n"
                           "spec: {nets: [10.0.0.0/8]}\nstatus: {conditions: []}\n"),
               Catch::Equals(""));
    CHECK_THAT(problems_of("kind: NetworkSet\nmetadata: {name: x}\n"), Catch::Contains("\"apiVersion\" is missing"));
    CHECK_THAT(problems_of("- a\n"), Catch::Contains("a document is a map"));
    CHECK_THAT(problems_of("apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: x, labels: {a: 1}}\n"),
               Catch::Contains("metadata.labels.a: text is needed here, not the number 1"));
    CHECK_THAT(problems_of("apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: X_y}\n"),
               Catch::Contains("not a name"));
    CHECK_THAT(problems_of("apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: x, namespace: y}\n"),
               Catch::Contains("has no namespace"));
}

TEST_CASE("V2: ports need a protocol, and are ports") {
    check_rules({{"{action: Allow, protocol: TCP, destination: {ports: [80, '443', '1000:2000']}}", ""},
                 {"{action: Allow, protocol: 17, source: {notPorts: [80]}}", ""},
                 {"{action: Allow, protocol: SCTP, source: {ports: [http]}}", ""},
                 {"{action: Allow, destination: {ports: [80]}}", "spec.egress[0].destination.ports: ports need protocol: TCP, UDP or SCTP"},
                 {"{action: Allow, protocol: ICMP, destination: {notPorts: [80]}}", "not ICMP"},
                 {"{action: Allow, protocol: TCP, destination: {ports: ['90:80']}}", "write \"80:90\""},
                 {"{action: Allow, protocol: TCP, destination: {ports: [0]}}", "from 1 to 65535"},
                 {"{action: Allow, protocol: TCP, destination: {ports: [65536]}}", "from 1 to 65535"},
                 {"{action: Allow, protocol: TCP, destination: {ports: ['80-90']}}", "a range is written"},
                 {"{action: Allow, protocol: TCP, destination: {ports: [http]}}", ""},
                 {"{action: Allow, destination: {ports: [http]}}", ""},
                 {"{action: Allow, protocol: TCP, destination: {ports: [http], domains: [a.b]}}",
                  "named port \"http\" cannot be combined with domains"},
                 {"{action: Allow, protocol: tcp}", "did you mean TCP?"},
                 {"{action: Allow, protocol: 0}", "1 to 255"},
                 {"{action: Allow, notProtocol: 256}", "1 to 255"}});
}

TEST_CASE("V3: ICMP") {
    check_rules({{"{action: Allow, protocol: ICMP, icmp: {type: 8, code: 0}}", ""},
                 {"{action: Allow, protocol: ICMPv6, ipVersion: 6, notICMP: {type: 128}}", ""},
                 {"{action: Allow, icmp: {type: 8}}", "needs protocol: ICMP or ICMPv6"},
                 {"{action: Allow, protocol: ICMP, icmp: {type: 255}}", "from 0 to 254"},
                 {"{action: Allow, protocol: ICMP, icmp: {code: 0}}", "a code needs its type"},
                 {"{action: Allow, protocol: ICMP, ipVersion: 6}", "protocol ICMP means ipVersion 4"},
                 {"{action: Allow, protocol: ICMPv6, ipVersion: 4}", "protocol ICMPv6 means ipVersion 6"}});
}

TEST_CASE("V4: one family per rule") {
    check_rules({{"{action: Deny, destination: {nets: [10.0.0.0/8, 1.2.3.4], notNets: [10.1.0.0/16]}}", ""},
                 {"{action: Deny, destination: {nets: [10.0.0.0/8, '2001:db8::/32']}}", "does not agree with \"10.0.0.0/8\""},
                 {"{action: Deny, source: {nets: ['::1']}, destination: {nets: [10.0.0.0/8]}}", "does not agree with"},
                 {"{action: Deny, ipVersion: 6, destination: {notNets: [10.0.0.0/8]}}", "does not agree with ipVersion 6"},
                 {"{action: Deny, protocol: ICMPv6, destination: {nets: [10.0.0.0/8]}}", "does not agree with protocol ICMPv6"},
                 {"{action: Deny, ipVersion: 5}", "write 4 or 6"},
                 {"{action: Deny, destination: {nets: [example.com]}}", "names belong in domains"},
                 {"{action: Deny, destination: {nets: [10.0.0.0/33]}}", "0 to 32"}});
}

TEST_CASE("V5, D2: where domains may be written") {
    check_rules({{"{action: Allow, protocol: TCP, destination: {domains: [a.b, '*.c'], ports: [443], notNets: [10.0.0.0/8]}}", ""},
                 {"{action: Deny, destination: {domains: [a.b]}}", "allowed only in a rule with action: Allow"},
                 {"{action: Pass, destination: {domains: [a.b]}}", "allowed only in a rule with action: Allow"},
                 {"{action: Allow, source: {domains: [a.b]}}", "allowed only in the destination of an egress rule"},
                 {"{action: Allow, destination: {domains: [a.b], nets: [1.2.3.4]}}", "cannot be combined with nets"},
                 {"{action: Allow, destination: {domains: [a.b], selector: 'has(x)'}}", "cannot be combined with selector"},
                 {"{action: Allow, destination: {domains: []}}", "the list is empty"},
                 {"{action: Allow, destination: {domains: }}", "the list is empty"},
                 {"{action: Allow, destination: {domains: ['*']}}", "bare"},
                 {"{action: Allow, destination: {domains: [https://api.x.com/y]}}", "write the name alone, \"api.x.com\""},
                 {"{action: Allow, destination: {selector: 'global()'}}", "global() is allowed only"},
                 {"{action: Allow, destination: {namespaceSelector: 'global()'}}", ""},
                 {"{action: Allow, destination: {namespaceSelector: 'global() || has(x)'}}", "global() is allowed only"}});
    CHECK_THAT(problems_of(policy("{types: [Ingress], ingress: [{action: Allow, destination: {domains: [a.b]}}]}")),
               Catch::Contains("allowed only in the destination of an egress rule"));
}

TEST_CASE("V6: fields that are known and not supported") {
    check_rules({{"{action: Allow, http: {methods: [GET]}}", "not supported: HTTP"},
                 {"{action: Allow, destination: {services: {name: x, namespace: y}}}", ""},
                 {"{action: Allow, destination: {services: {namespace: y}}}", "a service needs a name"},
                 {"{action: Allow, destination: {services: {name: 'x/y', namespace: y}}}", "a service needs a name"},
                 {"{action: Allow, source: {services: {name: x, namespace: y}}}", "only in the destination of an egress rule"},
                 {"{action: Allow, protocol: TCP, destination: {services: {name: x}, ports: [1]}}", "services cannot be combined"},
                 {"{action: Allow, destination: {services: {name: x}, domains: [a.b]}}", "services cannot be combined"},
                 {"{action: Allow, destination: {services: {name: x}, nets: [1.2.3.4]}}", "services cannot be combined"}});
    for (const char* field : {"doNotTrack", "preDNAT", "applyOnForward"}) {
        CHECK_THAT(problems_of(policy(std::string("{") + field + ": true}")), Catch::Contains("not supported: " + std::string(field)));
        CHECK(problems_of(policy(std::string("{") + field + ": false}")).empty());
    }
}

TEST_CASE("V7: the same resource twice in a file") {
    const std::string set = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: x}\n";
    CHECK_THAT(problems_of(set + "---\n" + set),
               Catch::StartsWith("p.yaml:5:1: error:") && Catch::Contains("GlobalNetworkSet x is already defined at p.yaml:1:1"));
    CHECK(problems_of(set + "---\n" + policy("{}")).empty());
}

TEST_CASE("selectors in files report the exact place") {
    CHECK_THAT(problems_of(policy("\n  selector: app == web\n")), Catch::StartsWith("p.yaml:5:20: error: spec.selector: at character 8"));
    CHECK_THAT(problems_of(policy("\n  selector: \"app == web\"\n")), Catch::StartsWith("p.yaml:5:21: error:"));
}

TEST_CASE("mistakes of published examples") {
    const std::string head =
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata:\n  name: x\nspec:\n  egress:\n  - action: Allow\n";
    CHECK_THAT(problems_of(head + "    destination:\n      domains:\n      - a.com\n  - Egress\n"),
               Catch::StartsWith("p.yaml:11:5: error: spec.egress[1]:") && Catch::Contains("is the line \"types:\" missing above it?"));
    CHECK_THAT(problems_of(head + "    destination:\n      domains:\n      - a.com\n      - Egress\n"),
               Catch::StartsWith("p.yaml:11:9: error: spec.egress[0].destination.domains[1]:") && Catch::Contains("types:"));
    CHECK_THAT(problems_of(head + "    destination:\n      domains:\n      - a.com\n    - Egress\n"), Catch::Contains("types:"));
    CHECK_THAT(problems_of(head + "    destination:\n      domains:\n      - https://a.com/x\n"),
               Catch::StartsWith("p.yaml:10:9: error: spec.egress[0].destination.domains[0]:"));
    CHECK_THAT(problems_of(head + "\tdestination: {}\n"), Catch::StartsWith("p.yaml:8:1: error: a tab"));
    CHECK_THAT(problems_of(policy("{types: [Ingress], egress: [{action: Allow}]}")), Catch::Contains("never count"));
}

TEST_CASE("types are inferred; lists, JSON and all errors at once") {
    const auto only = [](const std::string& spec) { return std::get<Policy>(decode_file("p.yaml", policy(spec)).resources.at(0)); };
    CHECK((only("{}").applies_ingress && !only("{}").applies_egress));
    const Policy egress = only("{egress: [{action: Allow}]}");
    CHECK((egress.applies_egress && !egress.applies_ingress));
    const Policy both = only("{egress: [{action: Allow}], ingress: [{action: Deny}]}");
    CHECK((both.applies_egress && both.applies_ingress));
    const DecodeOutcome list = decode_file("p.json",
                                           R"({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "projectcalico.org/v3", "kind": "Tier", "metadata": {"name": "a"}, "spec": {"order": 5, "defaultAction": "Pass"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"hostname": "h", "containers": [{"image": "i"}]}}]})");
    CHECK(list.problems.empty());
    CHECK(list.resources.size() == 2);
    const std::string several = problems_of(policy("{egress: [{action: Alow}, {action: Allow, protocol: foo}], selektor: x}"));
    CHECK(std::count(several.begin(), several.end(), '\n') == 3);
}

}  // namespace validation_test
