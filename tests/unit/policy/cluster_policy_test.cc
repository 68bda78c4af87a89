// SPDX-License-Identifier: Apache-2.0
// Kubernetes' ClusterNetworkPolicy: what it allows and denies beside other policies, and what of it is refused.
#include <catch2/catch.hpp>

#include "policy/compiler/compile.h"
#include "policy/documents/decode_file.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

namespace cluster_policy_test {

using namespace namegate;
using namespace namegate::policy;

namespace {

using policy::test::pod_view;

std::string cluster_policy(const std::string& spec, const std::string& name = "c") {
    return "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: " + name + "}\nspec: {" +
           spec + "}\n";
}

std::string admin(const std::string& rules, const std::string& subject = "namespaces: {}") {
    return cluster_policy("tier: Admin, priority: 10, subject: {" + subject + "}, " + rules);
}

std::string problems_of(const std::string& document) {
    std::string out;
    for (const Problem& problem : decode_file("c.yaml", document).problems) {
        out += to_string(problem) + "\n";
    }
    return out;
}

class ClusterNode {
  public:
    explicit ClusterNode(const std::string& policies) {
        store_.set_file("c.yaml",
                        "apiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {env: prod}}\n---\n"
                        "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n" +
                            policies);
        const std::vector<FileStatus> files = store_.files();
        for (const Problem& problem : files.at(0).problems) {
            UNSCOPED_INFO(to_string(problem));
        }
        REQUIRE(files.at(0).loaded);
    }
    bool is_selected(Direction direction) const { return *policy::test::selects_view(*store_.snapshot(), pods_.front(), direction); }
    bool goes(const std::string& to, std::uint16_t port = 80, std::uint8_t protocol = 6) const {
        return verdict(Direction::kEgress, to, port, protocol);
    }
    bool comes(const std::string& from, std::uint16_t port = 80) const { return verdict(Direction::kIngress, from, port, 6); }
    std::string reached() const {
        std::string out;
        for (const char* address : {"10.9.0.2", "10.9.0.3", "192.0.2.1", "198.51.100.1"}) {
            out += goes(address) ? 'y' : 'n';
        }
        return out;
    }

  private:
    bool verdict(Direction direction, const std::string& remote, std::uint16_t port, std::uint8_t protocol) const {
        const auto compiled = policy::test::compile_view(*store_.snapshot(), pods_.front(), direction, pods_);
        REQUIRE(compiled.has_value());
        return evaluate(*compiled, {*IpAddress::parse(remote), protocol, 40000, port, {}}).allowed;
    }

    PolicyStore store_;
    std::vector<EndpointView> pods_ = {pod_view("ns", "self", {{"app", "web"}}, "10.9.0.1"),
                                       pod_view("ns", "db", {{"app", "db"}}, "10.9.0.2"),
                                       pod_view("prod", "db", {{"app", "db"}}, "10.9.0.3")};
};

constexpr const char* kDenyAll =
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: d, namespace: ns}\n"
    "spec: {podSelector: {}, policyTypes: [Egress]}\n";
constexpr const char* kAllowAll =
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: ns}\n"
    "spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}\n";

}  // namespace

TEST_CASE("cluster policy: peers, and what no rule decides goes on as if the policy did not exist") {
    const auto denied = [](const std::string& peers) {
        return ClusterNode(admin("egress: [{action: Deny, to: [" + peers + "]}]")).reached();
    };
    CHECK(denied("{namespaces: {}}") == "nnyy");
    CHECK(denied("{namespaces: {matchLabels: {env: prod}}}") == "ynyy");
    CHECK(denied("{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}}") == "nnyy");
    CHECK(denied("{pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns}}, podSelector: {}}}") == "nyyy");
    CHECK(denied("{networks: [192.0.2.0/24, \"2001:db8::/32\"]}") == "yyny");
    CHECK(denied("{networks: [192.0.2.0/24]}, {networks: [198.51.100.1/32]}") == "yynn");
    const ClusterNode ingress(admin("ingress: [{action: Deny, from: [{namespaces: {matchLabels: {env: prod}}}]}]"));
    CHECK((!ingress.comes("10.9.0.3") && ingress.comes("10.9.0.2")));
    CHECK((ingress.is_selected(Direction::kIngress) && !ingress.is_selected(Direction::kEgress)));
}

TEST_CASE("cluster policy: the tier Admin comes before all other policies, Baseline after them, by priority") {
    const std::string accept = "egress: [{action: Accept, to: [{networks: [192.0.2.0/24]}]}]";
    const std::string deny = "egress: [{action: Deny, to: [{networks: [192.0.2.0/24]}]}]";
    const std::string pass = "egress: [{action: Pass, to: [{networks: [192.0.2.0/24]}]}]";
    const auto baseline = [](const std::string& rules) {
        return cluster_policy("tier: Baseline, priority: 10, subject: {namespaces: {}}, " + rules, "b");
    };
    CHECK(ClusterNode(admin(accept) + kDenyAll).reached() == "nnyn");
    CHECK(ClusterNode(admin(deny) + kAllowAll).reached() == "yyny");
    CHECK(ClusterNode(admin(pass) + kDenyAll).reached() == "nnnn");
    CHECK(ClusterNode(baseline(deny)).reached() == "yyny");
    CHECK(ClusterNode(baseline(deny) + kAllowAll).reached() == "yyyy");
    CHECK(ClusterNode(admin(pass) + baseline(deny)).reached() == "yyny");
    const std::string first = cluster_policy("tier: Admin, priority: 1, subject: {namespaces: {}}, " + accept, "z");
    CHECK(ClusterNode(first + admin(deny)).reached() == "yyyy");
    // The subject.
    CHECK(ClusterNode(admin(deny, "pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}")).reached() == "yyny");
    CHECK_FALSE(
        ClusterNode(admin(deny, "pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: x}}}")).is_selected(Direction::kEgress));
    CHECK_FALSE(ClusterNode(admin(deny, "namespaces: {matchLabels: {env: prod}}")).is_selected(Direction::kEgress));
}

TEST_CASE("cluster policy: protocols, ports and ranges") {
    const ClusterNode node(admin("egress: [{action: Accept, to: [{networks: [192.0.2.0/24]}], protocols: [{tcp: {destinationPort: {number: "
                                 "443}}}, {udp: {destinationPort: {range: {start: 100, end: 200}}}}, {sctp: {}}]}]") +
                           kDenyAll);
    CHECK((node.goes("192.0.2.1", 443) && !node.goes("192.0.2.1", 444) && !node.goes("192.0.2.1", 443, 17)));
    CHECK((node.goes("192.0.2.1", 100, 17) && node.goes("192.0.2.1", 200, 17) && !node.goes("192.0.2.1", 201, 17)));
    CHECK((node.goes("192.0.2.1", 7, 132) && !node.goes("198.51.100.1", 443)));
}

TEST_CASE("cluster policy: names can be accepted, with one * as their first label") {
    const DecodeOutcome decoded =
        decode_file("c.yaml", admin("egress: [{action: Accept, to: [{domainNames: [api.example.com, \"*.example.org.\"]}]}]"));
    REQUIRE(decoded.problems.empty());
    const Policy& policy = std::get<Policy>(decoded.resources.at(0));
    REQUIRE(policy.egress.size() == 1);
    REQUIRE(policy.egress[0].destination.domains.size() == 2);
    CHECK(policy.egress[0].destination.domains[0].matches("api.example.com"));
    CHECK(policy.egress[0].destination.domains[1].matches("a.b.example.org"));
    CHECK_FALSE(policy.egress[0].destination.domains[1].matches("example.org"));
    CHECK(policy.full_name() == "c");
    CHECK(policy.tier == "kube-admin");
}

TEST_CASE("cluster policy: what cannot be expressed, and what would match more than was meant, is refused by name") {
    const auto egress = [](const std::string& rule) { return problems_of(admin("egress: [{" + rule + "}]")); };
    const std::string to = "to: [{networks: [192.0.2.0/24]}]";
    CHECK_THAT(egress("action: Deny, to: [{nodes: {}}]"), Catch::Contains("spec.egress[0].to[0].nodes: not supported"));
    for (const char* action : {"Deny", "Pass"}) {
        CHECK_THAT(egress("action: " + std::string(action) + ", to: [{domainNames: [a.example.com]}]"),
                   Catch::Contains("spec.egress[0].to[0].domainNames: names can only be accepted"));
    }
    for (const char* name : {"com", "\"*.com\"", "\"*\"", "\"a.*.com\"", "\"*.*.example.com\"", "\"x*.example.com\""}) {
        CHECK_THAT(egress("action: Accept, to: [{domainNames: [" + std::string(name) + "]}]"),
                   Catch::Contains("spec.egress[0].to[0].domainNames[0]: "));
    }
    CHECK_THAT(egress("action: Accept, to: [{domainNames: [a.example.com]}], protocols: [{destinationNamedPort: web}]"),
               Catch::Contains("spec.egress[0].protocols: a named port cannot be combined with domainNames"));
    CHECK_THAT(egress("action: Accept, to: [{domainNames: []}]"), Catch::Contains("\"domainNames\" needs at least one entry"));
    CHECK_THAT(egress("action: Accept, to: [{networks: []}]"), Catch::Contains("\"networks\" needs at least one entry"));
    CHECK_THAT(egress("action: Accept, protocols: [], " + to), Catch::Contains("\"protocols\" needs at least one entry"));
    CHECK_THAT(egress("action: Accept, to: []"), Catch::Contains("\"to\" needs at least one peer"));
    CHECK_THAT(egress("action: Accept"), Catch::Contains("\"to\" needs at least one peer"));
    CHECK_THAT(egress("action: Accept, to: [{}]"),
               Catch::Contains("one of these is needed: namespaces, pods, nodes, networks, domainNames"));
    CHECK_THAT(egress("action: Accept, to: [{namespaces: {}, networks: [192.0.2.0/24]}]"), Catch::Contains("cannot be combined with"));
    CHECK_THAT(egress("action: Accept, to: [{pods: {podSelector: {}}}]"), Catch::Contains("the field \"namespaceSelector\" is missing"));
    CHECK_THAT(egress("action: Allow, " + to), Catch::Contains("spec.egress[0].action: \"Allow\" is not allowed here; write Accept"));
    CHECK_THAT(egress("action: Accept, to: [{newPeer: {}}]"), Catch::Contains("there is no field \"newPeer\""));
    for (const char* protocol : {"{}", "{tcp: {}, udp: {}}", "{tcp: {destinationPort: {}}}", "{tcp: {destinationPort: {number: 0}}}",
                                 "{tcp: {destinationPort: {number: 1, range: {start: 1, end: 2}}}}",
                                 "{tcp: {destinationPort: {range: {start: 2, end: 1}}}}", "{destinationNamedPort: \"80\"}"}) {
        INFO(protocol);
        CHECK_FALSE(egress("action: Accept, " + to + ", protocols: [" + std::string(protocol) + "]").empty());
    }
    CHECK_THAT(problems_of(admin("ingress: [{action: Deny, from: [{networks: [192.0.2.0/24]}]}]")),
               Catch::Contains("there is no field \"networks\""));
    CHECK_THAT(problems_of(cluster_policy("tier: Admin, priority: 1001, subject: {namespaces: {}}")), Catch::Contains("spec.priority: "));
    CHECK_THAT(problems_of(cluster_policy("tier: Other, priority: 1, subject: {namespaces: {}}")), Catch::Contains("spec.tier: "));
    CHECK_THAT(problems_of(admin("egress: []", "")), Catch::Contains("one of these is needed: namespaces, pods"));
    CHECK_THAT(problems_of(cluster_policy("tier: Admin, priority: 1")), Catch::Contains("the field \"subject\" is missing"));
}

}  // namespace cluster_policy_test
