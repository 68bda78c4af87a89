// SPDX-License-Identifier: Apache-2.0
// The annotation namegate.dev/dns of policies, and what several policies say together (D19).
#include <catch2/catch.hpp>

#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

namespace dns_annotation_test {

using namespace namegate;
using namespace namegate::policy;
using Catch::Matchers::Contains;

namespace {

std::string document(const std::string& kind, const std::string& name, const std::string& annotations, const std::string& spec) {
    const bool kubernetes = kind == "Kubernetes";
    return std::string("---\napiVersion: ") + (kubernetes ? "networking.k8s.io/v1" : "projectcalico.org/v3") +
           "\nkind: " + (kubernetes ? "NetworkPolicy" : kind) + "\nmetadata: {name: " + name + ", annotations: {" + annotations +
           "}}\nspec: {" + spec + "}\n";
}

std::string global(const std::string& name, const std::string& dns, const std::string& spec = "types: [Egress]") {
    return document("GlobalNetworkPolicy", name, dns.empty() ? "" : "namegate.dev/dns: " + dns, spec);
}

std::string problem_of(const std::string& yaml) {
    PolicyStore store;
    store.set_file("p.yaml", yaml);
    const std::vector<FileStatus> files = store.files();
    return files.front().problems.empty() ? "" : to_string(files.front().problems.front());
}

EndpointView pod() {
    EndpointView out;
    out.name_space = "default";
    out.pod = "self";
    out.labels = {{"app", "web"}};
    out.is_kubernetes = true;
    out.labels_known = true;
    out.addresses = {*IpAddress::parse("10.1.0.2")};
    return out;
}

DnsQueries effective(const std::string& yaml, DnsQueries node_default) {
    PolicyStore store;
    store.set_file("p.yaml", yaml);
    INFO(yaml);
    REQUIRE(store.files().front().problems.empty());
    const auto snapshot = store.snapshot();
    const auto compiled = test::compile_view(*snapshot, pod(), Direction::kEgress);
    REQUIRE(compiled);
    return compiled->dns.under(node_default);
}

}  // namespace

TEST_CASE("D19: the annotation namegate.dev/dns of every kind of policy") {
    for (const char* kind : {"GlobalNetworkPolicy", "NetworkPolicy"}) {
        CHECK(effective(document(kind, "x", "namegate.dev/dns: allowed", "types: [Egress]"), DnsQueries::kAny) == DnsQueries::kAllowed);
    }
    CHECK(effective(document("Kubernetes", "x", "namegate.dev/dns: log", "podSelector: {}, policyTypes: [Egress]"), DnsQueries::kAny) ==
          DnsQueries::kLog);
    CHECK(effective(global("x", "any"), DnsQueries::kAllowed) == DnsQueries::kAny);
}

TEST_CASE("D19: a wrong annotation of namegate is an error; others are free text") {
    CHECK_THAT(problem_of(global("x", "Allowed")), Contains("write any, log or allowed"));
    CHECK_THAT(problem_of(global("x", "Allowed")), Contains("p.yaml:4:"));
    CHECK_THAT(problem_of(document("NetworkPolicy", "x", "namegate.dev/dsn: allowed", "types: [Egress]")), Contains("namegate.dev/dns"));
    CHECK_THAT(problem_of(global("x", "allowed", "types: [Ingress]")), Contains("add Egress to its types"));
    const auto on_rule = [](const std::string& annotation) {
        return problem_of(global("x", "", "types: [Egress], egress: [{action: Allow, metadata: {annotations: {" + annotation + "}}}]"));
    };
    CHECK_THAT(on_rule("namegate.dev/dns: allowed"), Contains("write it into the metadata of the policy"));
    CHECK(on_rule("example.com/dns: allowed").empty());
    CHECK(problem_of(document("NetworkPolicy", "x", "example.com/dns: allowed", "types: [Egress]")).empty());
    CHECK(problem_of(document("NetworkPolicy", "x", "", "types: [Ingress]")).empty());
}

TEST_CASE("D19: of several policies the strictest counts; one without the annotation counts as the node's default") {
    const std::string any = global("a", "any");
    const std::string log = global("b", "log");
    const std::string allowed = global("c", "allowed");
    const std::string silent = global("d", "");
    CHECK(effective(any + log, DnsQueries::kAny) == DnsQueries::kLog);
    CHECK(effective(any + log + allowed, DnsQueries::kAny) == DnsQueries::kAllowed);
    CHECK(effective(allowed + silent, DnsQueries::kAny) == DnsQueries::kAllowed);
    CHECK(effective(any + silent, DnsQueries::kAllowed) == DnsQueries::kAllowed);
    CHECK(effective(any, DnsQueries::kAllowed) == DnsQueries::kAny);
    CHECK(effective(silent, DnsQueries::kLog) == DnsQueries::kLog);
    // Policies that do not select the endpoint, or only for ingress, say nothing.
    const std::string other = global("e", "allowed", "selector: app == 'other', types: [Egress]");
    CHECK(effective(any + other, DnsQueries::kAny) == DnsQueries::kAny);
    CHECK(effective(any + global("f", "", "types: [Ingress]"), DnsQueries::kAllowed) == DnsQueries::kAny);
    const std::string staged = document("StagedGlobalNetworkPolicy", "g", "namegate.dev/dns: allowed", "types: [Egress]");
    CHECK(effective(any + staged, DnsQueries::kAny) == DnsQueries::kAny);
}

}  // namespace dns_annotation_test
