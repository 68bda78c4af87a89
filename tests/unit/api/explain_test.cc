// SPDX-License-Identifier: Apache-2.0
//
// The advice of `explain` and `why` when the pod's DNS queries are denied, and TLS names in the reply.
#include "api/explain.h"

#include <catch2/catch.hpp>

#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;
using namespace namegate::api;
using Catch::Contains;

namespace {

class Policies {
  public:
    explicit Policies(const std::string& egress) {
        store_.set_file(
            "t.yaml",
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {types: [Egress], egress: [" + egress +
                "]}\n");
        REQUIRE(store_.files().at(0).loaded);
        auto compiled = policy::test::compile_view(*store_.snapshot(), policy::EndpointView(), policy::Direction::kEgress);
        REQUIRE(compiled.has_value());
        compiled_ = std::move(compiled).value();
    }
    const policy::CompiledPolicy& compiled() const { return compiled_; }
    Texts advice(const std::string& destination, const std::vector<std::string>& servers) const {
        ExplainFacts facts;
        facts.mode = "enforced";
        facts.destination = policy::parse_destination(destination).value();
        facts.compiled = &compiled_;
        facts.trusted = dns::parse_trusted_servers(servers).value();
        const ExplainReply reply = explain(facts);
        return reply.results.at(0).advice;
    }

  private:
    policy::PolicyStore store_;
    policy::CompiledPolicy compiled_;
};

constexpr const char* kDomain = "{action: Allow, destination: {domains: [api.weather.com]}}";
constexpr const char* kFirst = "the policy denies the endpoint's DNS queries, so no name opens an address: allow them first";
constexpr const char* kRule =
    "write - {action: Allow, protocol: UDP, destination: {nets: [192.0.2.1], ports: [53]}} under egress of "
    "GlobalNetworkPolicy p (t.yaml:4)";

}  // namespace

TEST_CASE("a denied DNS query is called one, and the advice is the rule that allows it, not a lookup") {
    const Policies policies(kDomain);
    const Texts advice = policies.advice("192.0.2.1:53/UDP", {"192.0.2.1", "2001:db8::53"});
    REQUIRE(advice.size() == 2);
    CHECK_THAT(advice[0], Contains("these are the endpoint's DNS queries"));
    CHECK_THAT(advice[1], Contains("write - {action: Allow, protocol: UDP, destination: {nets: [192.0.2.1], ports: [53]}}"));
    // Another port counts if the server is trusted with it.
    CHECK_THAT(policies.advice("192.0.2.1:5353/UDP", {"192.0.2.1:5353"}).at(0), Contains("DNS queries"));
    CHECK_THAT(policies.advice("192.0.2.1:5353/UDP", {"192.0.2.1"}).at(0), !Contains("these are"));
}

TEST_CASE("while DNS queries are denied, the first advice for another destination is the rule for them") {
    const Policies policies(kDomain);
    for (const char* destination : {"198.18.0.1:443", "evil.test:443", "api.weather.com:443"}) {
        INFO(destination);
        const Texts advice = policies.advice(destination, {"192.0.2.1", "2001:db8::53"});
        REQUIRE(advice.size() >= 3);
        CHECK(advice[0] == kFirst);
        CHECK(advice[1].substr(0, advice[1].rfind(" (")) == std::string(kRule).substr(0, std::string(kRule).rfind(" (")));
    }
}

TEST_CASE("queries that some rule allows, over UDP or TCP or perhaps in a trusted network, are not called denied") {
    const std::string rule = GENERATE(as<std::string>(), "{action: Allow, protocol: UDP, destination: {ports: [53]}}",
                                      "{action: Allow, protocol: TCP, destination: {nets: [192.0.2.1], ports: [53]}}");
    const Policies policies(std::string(kDomain) + ", " + rule);
    CHECK_FALSE(denies_queries(policies.compiled(), dns::parse_trusted_servers({"192.0.2.1", "192.0.2.2"}).value()));
    const Policies without(kDomain);
    CHECK(denies_queries(without.compiled(), dns::parse_trusted_servers({"192.0.2.1"}).value()));
    CHECK_FALSE(denies_queries(without.compiled(), dns::parse_trusted_servers({"192.0.2.0/24"}).value()));
    CHECK_FALSE(denies_queries(without.compiled(), {}));
    if (rule.find("UDP") != std::string::npos) {
        CHECK(policies.advice("198.18.0.1:443", {"192.0.2.1"}).at(0) != kFirst);
    }
}

TEST_CASE("T2: explain does not ask for a TLS name where the destination is a trusted DNS server") {
    const Policies policies("{action: Allow, destination: {domains: [dns.test]}, metadata: {annotations: {namegate.dev/tls: require}}}");
    const auto result = [&policies](const std::string& destination) {
        ExplainFacts facts;
        facts.mode = "enforced";
        facts.destination = policy::parse_destination(destination).value();
        facts.compiled = &policies.compiled();
        facts.trusted = dns::parse_trusted_servers({"192.0.2.1", "192.0.2.1:853"}).value();
        facts.targets = {{*IpAddress::parse("192.0.2.1"), {"dns.test"}, {"dns.test"}, {}}};
        return explain(facts).results.at(0);
    };
    for (const char* trusted : {"192.0.2.1:53/UDP", "192.0.2.1:53", "dns.test:53/UDP", "192.0.2.1:853"}) {
        INFO(trusted);
        CHECK(result(trusted).allowed);
        CHECK_THAT(result(trusted).reason, !Contains("TLS name"));
    }
    CHECK_THAT(result("192.0.2.1:443").reason, Contains("if it shows a TLS name that matches dns.test"));
    CHECK_FALSE(result("192.0.2.1:5353/UDP").allowed);
    CHECK(result("192.0.2.1:443").path.at(0).tls_names == "require");
    CHECK(result("192.0.2.1:443").path.at(0).quic == "deny");
    const RuleItem end = rule_item(policies.compiled().rules.back(), 1);
    CHECK_FALSE(end.tls_names);
    CHECK_FALSE(end.quic);
}

TEST_CASE("explain: a TLS name is refused for ingress") {
    const auto destination = policy::parse_destination("192.0.2.1", "a.com");
    REQUIRE(destination);
    CHECK(check_direction(*destination, policy::Direction::kEgress));
    CHECK_THAT(check_direction(*destination, policy::Direction::kIngress).error().message(), Contains("only for egress"));
}
