// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "policy/check_report.h"
#include "policy/compile.h"
#include "policy/policy_store.h"

using namespace namegate;
using namespace namegate::policy;

namespace {

EndpointView pod(const std::string& name_space, Labels labels) {
    EndpointView out;
    out.name_space = name_space;
    out.pod = "p";
    out.labels = std::move(labels);
    out.is_kubernetes = true;
    out.addresses = {*IpAddress::parse("10.9.0.1")};
    return out;
}

bool allowed(const Snapshot& snapshot, const EndpointView& endpoint, std::uint8_t protocol, std::uint16_t port,
             std::vector<std::string> names) {
    CompileInput input;
    input.snapshot = &snapshot;
    input.endpoint = &endpoint;
    const auto policy = compile(input);
    REQUIRE(policy.has_value());
    return evaluate(*policy, {*IpAddress::parse("192.0.2.80"), protocol, 40000, port, std::move(names)}).allowed;
}

void check_example(const std::string& file, const EndpointView& selected, const EndpointView& other, const std::string& name) {
    PolicyStore store;
    load_file(store, std::string(NAMEGATE_EXAMPLES) + "/" + file);
    REQUIRE(store.files().size() == 1);
    const FileStatus status = store.files()[0];
    for (const Problem& problem : status.problems) {
        UNSCOPED_INFO(to_string(problem));
    }
    CHECK(status.problems.empty());
    const auto snapshot = store.snapshot();
    CHECK(selects(*snapshot, selected, Direction::kEgress));
    CHECK_FALSE(selects(*snapshot, selected, Direction::kIngress));
    CHECK_FALSE(selects(*snapshot, other, Direction::kEgress));
    CHECK(allowed(*snapshot, selected, 17, 53, {}));
    CHECK_FALSE(allowed(*snapshot, selected, 6, 53, {}));
    CHECK(allowed(*snapshot, selected, 6, 443, {name}));
    CHECK_FALSE(allowed(*snapshot, selected, 6, 443, {}));
    CHECK_FALSE(allowed(*snapshot, selected, 6, 443, {"evil" + name, name + ".evil.org"}));
    CHECK(allowed(*snapshot, other, 6, 443, {}));
}

}  // namespace

TEST_CASE("the four example forms load as written and mean what they say") {
    const Labels app = {{"app", "weather-app"}};
    check_example("global-network-policy.yaml", pod("any", app), pod("any", {}), "api.weather.com");
    check_example("network-policy.yaml", pod("default", {}), pod("other", app), "api.weather.com");
    check_example("global-network-set.yaml", pod("any", app), pod("any", {}), "somewebsite.com");
    check_example("network-set.yaml", pod("default", app), pod("other", app), "somewebsite.com");
}

TEST_CASE("check reports every file, sorted, and tiers that nobody describes") {
    const std::string in_tier =
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: t.x}\nspec: {tier: t, types: [Egress]}\n";
    const CheckReport report = check_files({{"b.yaml", "x: 1\n"}, {"a.yaml", in_tier}});
    CHECK(report.files == 2);
    CHECK(report.resources == 1);
    CHECK_FALSE(report.good());
    REQUIRE(report.problems.size() == 2);
    CHECK_THAT(to_string(report.problems[0]), Catch::StartsWith("a.yaml:1:1: warning: spec.tier:"));
    CHECK_THAT(to_string(report.problems[1]), Catch::StartsWith("b.yaml:1:1: error: kind:"));
}
