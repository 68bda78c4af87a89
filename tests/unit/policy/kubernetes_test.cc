// SPDX-License-Identifier: Apache-2.0
// Kubernetes' own NetworkPolicy has the same meaning as in a cluster.
#include <catch2/catch.hpp>

#include "policy/compiler/compile.h"
#include "policy/documents/decode_file.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;
using namespace namegate::policy;

namespace {

IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }

std::string network_policy(const std::string& spec, const std::string& metadata = "name: k, namespace: ns") {
    return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {" + metadata + "}\nspec: {" + spec + "}\n";
}

std::string problems_of(const std::string& spec) {
    std::string out;
    for (const Problem& problem : decode_file("k.yaml", network_policy(spec)).problems) {
        out += to_string(problem) + "\n";
    }
    return out;
}

// A node with some pods and sets, and one pod `self` under policy.
class Cluster {
  public:
    explicit Cluster(const std::string& policies) {
        store_.set_file("k.yaml",
                        "apiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {env: prod}}\n---\n"
                        "apiVersion: projectcalico.org/v3\nkind: NetworkSet\nmetadata: {name: s, namespace: ns, labels: {app: db}}\n"
                        "spec: {nets: [192.0.2.200]}\n---\n"
                        "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: ns}\n"
                        "spec: {containers: [{ports: [{name: sql, containerPort: 5432}]}]}\n" +
                            policies);
        const FileStatus status = store_.files().at(0);
        for (const Problem& problem : status.problems) {
            UNSCOPED_INFO(to_string(problem));
        }
        REQUIRE(status.loaded);
        pods = {policy::test::pod_view("ns", "self", {{"app", "web"}, {"tier", "front"}}, "10.9.0.1"),
                policy::test::pod_view("ns", "db", {{"app", "db"}}, "10.9.0.2"),
                policy::test::pod_view("prod", "db", {{"app", "db"}}, "10.9.0.3"), policy::test::pod_view("prod", "log", {}, "10.9.0.4")};
    }

    bool selected(Direction direction = Direction::kIngress) const {
        return *policy::test::selects_view(*store_.snapshot(), pods.front(), direction);
    }
    bool goes(const std::string& to, std::uint16_t port = 80, std::uint8_t protocol = 6) const {
        return verdict(Direction::kEgress, to, port, protocol);
    }
    bool comes(const std::string& from, std::uint16_t port = 80, std::uint8_t protocol = 6) const {
        return verdict(Direction::kIngress, from, port, protocol);
    }

    std::vector<EndpointView> pods;

  private:
    bool verdict(Direction direction, const std::string& remote, std::uint16_t port, std::uint8_t protocol) const {
        const auto snapshot = store_.snapshot();
        const auto compiled = policy::test::compile_view(*snapshot, pods.front(), direction, pods);
        REQUIRE(compiled.has_value());
        return evaluate(*compiled, {ip(remote), protocol, 40000, port, {}}).allowed;
    }

    PolicyStore store_;
};

}  // namespace

TEST_CASE("kubernetes: the pods that a policy selects") {
    CHECK(Cluster(network_policy("podSelector: {}")).selected());
    CHECK(Cluster(network_policy("")).selected());
    CHECK(Cluster(network_policy("podSelector: {matchLabels: {app: web, tier: front}}")).selected());
    CHECK_FALSE(Cluster(network_policy("podSelector: {matchLabels: {app: web, tier: back}}")).selected());
    CHECK_FALSE(Cluster(network_policy("podSelector: {}", "name: k, namespace: other")).selected());
    const auto expression = [](const std::string& text) {
        return Cluster(network_policy("podSelector: {matchExpressions: [" + text + "]}")).selected();
    };
    CHECK(expression("{key: app, operator: In, values: [web, api]}"));
    CHECK_FALSE(expression("{key: app, operator: In, values: [db]}"));
    CHECK_FALSE(expression("{key: none, operator: In, values: [db]}"));
    CHECK(expression("{key: none, operator: NotIn, values: [db]}"));
    CHECK_FALSE(expression("{key: app, operator: NotIn, values: [web]}"));
    CHECK(expression("{key: app, operator: Exists}, {key: none, operator: DoesNotExist}"));
    CHECK_FALSE(expression("{key: app, operator: DoesNotExist}"));
    Cluster containers(network_policy("podSelector: {}"));
    containers.pods.front().is_kubernetes = false;
    CHECK_FALSE(containers.selected());
}

TEST_CASE("kubernetes: directions, given and inferred") {
    const Cluster ingress(network_policy("podSelector: {}"));
    CHECK((ingress.selected() && !ingress.selected(Direction::kEgress) && !ingress.comes("10.9.0.2") && ingress.goes("10.9.0.2")));
    const Cluster both(network_policy("egress: [{}]"));
    CHECK((both.selected() && both.selected(Direction::kEgress) && both.goes("192.0.2.1") && !both.comes("192.0.2.1")));
    const Cluster egress(network_policy("policyTypes: [Egress]"));
    CHECK((!egress.selected() && egress.selected(Direction::kEgress) && !egress.goes("192.0.2.1") && egress.comes("192.0.2.1")));
}

TEST_CASE("kubernetes: peers") {
    const auto to = [](const std::string& peers) {
        return Cluster(network_policy("policyTypes: [Egress], egress: [{to: [" + peers + "]}]"));
    };
    const auto reached = [](const Cluster& cluster) {
        std::string out;
        for (const char* address : {"10.9.0.2", "10.9.0.3", "10.9.0.4", "192.0.2.200", "192.0.2.1"}) {
            out += cluster.goes(address) ? 'y' : 'n';
        }
        return out;
    };
    CHECK(reached(to("{podSelector: {matchLabels: {app: db}}}")) == "ynnnn");  // its own namespace, and no set
    CHECK(reached(to("{podSelector: {}}")) == "ynnnn");
    CHECK(reached(to("{namespaceSelector: {}}")) == "yyynn");
    CHECK(reached(to("{namespaceSelector: {matchLabels: {env: prod}}}")) == "nyynn");
    CHECK(reached(to("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: prod}}}")) == "nyynn");
    CHECK(reached(to("{namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: db}}}")) == "nynnn");
    CHECK(reached(to("{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}")) == "nnnny");
    CHECK(reached(to("{ipBlock: {cidr: 10.9.0.2/32}}, {namespaceSelector: {matchLabels: {env: prod}}}")) == "yyynn");
    CHECK(reached(to("")) == "yyyyy");
    const Cluster from(network_policy("ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}]"));
    CHECK((from.comes("10.9.0.2") && !from.comes("10.9.0.3")));
}

TEST_CASE("kubernetes: ports, ranges, names and protocols") {
    const auto with = [](const std::string& ports) {
        return Cluster(
            network_policy("policyTypes: [Egress, Ingress], egress: [{ports: [" + ports + "]}], ingress: [{ports: [" + ports + "]}]"));
    };
    const Cluster one = with("{port: 80}");
    CHECK((one.goes("192.0.2.1", 80) && !one.goes("192.0.2.1", 81) && !one.goes("192.0.2.1", 80, 17)));
    const Cluster range = with("{port: 8000, endPort: 8010, protocol: UDP}");
    CHECK((range.goes("192.0.2.1", 8000, 17) && range.goes("192.0.2.1", 8010, 17) && !range.goes("192.0.2.1", 8011, 17)));
    CHECK((range.comes("192.0.2.1", 8005, 17) && !range.comes("192.0.2.1", 8005, 6)));
    const Cluster protocol = with("{protocol: SCTP}, {port: 53, protocol: UDP}");
    CHECK((protocol.goes("192.0.2.1", 7, 132) && protocol.goes("192.0.2.1", 53, 17) && !protocol.goes("192.0.2.1", 53, 6)));
    const Cluster whole = with("{protocol: TCP}, {port: 80}");
    CHECK((whole.goes("192.0.2.1", 80) && whole.goes("192.0.2.1", 81)));
    const Cluster named(network_policy("policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: sql}]}]"));
    CHECK((named.goes("10.9.0.2", 5432) && !named.goes("10.9.0.2", 80) && !named.goes("10.9.0.3", 5432)));
}

TEST_CASE("kubernetes: tier default, order 1000, beside a policy of the same name") {
    const std::string calico =
        "---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: k, namespace: ns}\nspec: {order: ORDER, egress: "
        "[{action: Deny, destination: {nets: [192.0.2.1]}}]}\n";
    const auto ordered = [&](const char* order) {
        std::string text = calico;
        return Cluster(network_policy("egress: [{}]") + text.replace(text.find("ORDER"), 5, order));
    };
    CHECK_FALSE(ordered("999").goes("192.0.2.1"));
    CHECK(ordered("1001").goes("192.0.2.1"));
    const DecodeOutcome twice = decode_file("k.yaml", network_policy("") + network_policy(""));
    CHECK_THAT(to_string(twice.problems.at(0)), Catch::Contains("KubernetesNetworkPolicy ns/k is already defined"));
}

TEST_CASE("kubernetes: mistakes are reported with their place") {
    const std::pair<const char*, const char*> cases[] = {
        {"podSelector: {matchLabel: {a: b}}", "spec.podSelector.matchLabel: there is no field"},
        {"podSelector: {matchLabels: {a: 'b c'}}", "spec.podSelector.matchLabels.a: \"b c\" is not the value of a label"},
        {"podSelector: {matchLabels: {'a b': c}}", "\"a b\" is not the name of a label"},
        {"podSelector: {matchExpressions: [{key: a, operator: in}]}", "write In, NotIn, Exists or DoesNotExist"},
        {"podSelector: {matchExpressions: [{key: a, operator: In}]}", "matchExpressions[0].values: In needs values"},
        {"podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}", "Exists must have no values"},
        {"egress: [{to: [{}]}]", "spec.egress[0].to[0]: the peer is empty"},
        {"egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]", "ipBlock cannot be combined with"},
        {"egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]", "except[0]: 11.0.0.0/16 is not inside 10.0.0.0/8"},
        {"egress: [{to: [{ipBlock: {cidr: example.com}}]}]", "spec.egress[0].to[0].ipBlock.cidr:"},
        {"egress: [{to: [{ipBlock: {}}]}]", "\"cidr\" is missing"},
        {"egress: [{ports: [{port: 90, endPort: 80}]}]", "the range is reversed"},
        {"egress: [{ports: [{endPort: 80}]}]", "endPort needs a number"},
        {"egress: [{ports: [{port: web, endPort: 80}]}]", "endPort needs a number"},
        {"egress: [{ports: [{port: '80:90'}]}]", "write a range with port and endPort"},
        {"egress: [{ports: [{port: 0}]}]", "from 1 to 65535"},
        {"egress: [{ports: [{protocol: ICMP}]}]", "write TCP, UDP or SCTP"},
        {"egress: [{from: []}]", "there is no field \"from\" in an egress rule"},
        {"policyTypes: [Ingress], egress: [{}]", "add it to policyTypes"},
        {"policyTypes: [Egress, Egress]", "appears twice"},
    };
    for (const auto& [spec, problem] : cases) {
        INFO(spec);
        CHECK_THAT(problems_of(spec), Catch::StartsWith("k.yaml:5:") && Catch::Contains(problem));
    }
    std::string peers;
    for (int i = 0; i < 256; ++i) {
        peers += "{ipBlock: {cidr: 10.0.0." + std::to_string(i) + "/32}},";
    }
    std::string many;
    for (int i = 0; i < 5; ++i) {
        many += "{to: [" + peers + "]},";
    }
    CHECK_THAT(problems_of("egress: [" + many + "]"), Catch::Contains("make 1280 rules; at most 1024"));
}
