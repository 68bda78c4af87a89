// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/denied_queries.h"

#include <catch2/catch.hpp>
#include <memory>

#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;
using namespace namegate::daemon;
using Catch::Contains;

namespace {

node::CompiledRef compiled(const std::string& policies) {
    policy::PolicyStore store;
    store.set_file("p.yaml", policies);
    REQUIRE(store.files().at(0).loaded);
    auto made = policy::test::compile_view(*store.snapshot(), policy::EndpointView(), policy::Direction::kEgress);
    REQUIRE(made.has_value());
    return std::make_shared<const policy::CompiledPolicy>(std::move(made).value());
}

std::string document(const std::string& name, const std::string& rule) {
    return "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: " + name +
           "}\nspec: {types: [Egress], egress: [" + rule + "]}\n";
}

const std::string kDomains = document("weather", "{action: Allow, destination: {domains: [api.weather.com]}}");

}  // namespace

TEST_CASE("policies with domains and without a rule for DNS are a warning, with the rule, for the endpoints where it is so") {
    const auto servers = dns::parse_trusted_servers({"192.0.2.53", "192.0.2.54"}).value();
    const node::CompiledRef without = compiled(kDomains);
    // Another policy allows the queries of this endpoint.
    const node::CompiledRef with = compiled(kDomains + document("dns", "{action: Allow, protocol: UDP, destination: {ports: [53]}}"));
    const node::CompiledRef no_domains = compiled(document("nets", "{action: Allow, destination: {nets: [198.18.0.0/15]}}"));
    DeniedQueries queries;
    queries.begin();
    CHECK(queries.check("default/a", without, servers) > 1);
    CHECK(queries.check("default/b", without, servers) == 1);  // known from the first one
    queries.check("default/c", with, servers);
    queries.check("default/d", no_domains, servers);
    queries.check("default/e", nullptr, servers);
    queries.check("default/f", without, {});  // no server is trusted: that is another fault
    CHECK(queries.warnings().empty());        // the round has not ended
    queries.end();
    REQUIRE(queries.warnings().size() == 1);
    CHECK(queries.endpoints() == 2);
    CHECK(queries.warnings()[0].text ==
          "the policies of 2 endpoints (default/a, default/b) have domains, but allow no DNS query to a trusted server (192.0.2.53, "
          "192.0.2.54), so no name opens anything: write - {action: Allow, protocol: UDP, destination: {nets: [192.0.2.53, 192.0.2.54], "
          "ports: [53]}} under egress of GlobalNetworkPolicy weather (p.yaml:5)");

    queries.begin();
    queries.check("default/b", without, servers);
    queries.end();
    REQUIRE(queries.warnings().size() == 1);
    CHECK_THAT(queries.warnings()[0].text, Contains("the policies of default/b have domains"));
    queries.begin();
    queries.check("default/b", with, servers);
    queries.end();
    CHECK(queries.warnings().empty());
    CHECK(queries.endpoints() == 0);
}
