// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "base/clock.h"
#include "policy/compiler/compile.h"
#include "policy/documents/check_report.h"
#include "policy/documents/document.h"
#include "policy/documents/document_ledger.h"
#include "policy/documents/policy_folder.h"
#include "policy/documents/schema.h"
#include "support/compile_view.h"

namespace examples_test {

using namespace namegate;
using namespace namegate::policy;

namespace {

EndpointView pod(const std::string& name_space, Labels labels) {
    EndpointView out;
    out.name_space = name_space;
    out.pod = "p";
    out.labels = std::move(labels);
    out.is_kubernetes = true;
    out.labels_known = true;
    out.addresses = {*IpAddress::parse("10.9.0.1")};
    return out;
}

bool allowed(const Snapshot& snapshot, const EndpointView& endpoint, std::uint8_t protocol, std::uint16_t port,
             std::vector<std::string> names) {
    const auto policy = namegate::policy::test::compile_view(snapshot, endpoint, Direction::kEgress);
    REQUIRE(policy.has_value());
    return evaluate(*policy, {*IpAddress::parse("192.0.2.80"), protocol, 40000, port, std::move(names)}).allowed;
}

void check_example(const std::string& file, const EndpointView& selected, const EndpointView& other, const std::string& name) {
    const SystemClock clock;
    DocumentLedger ledger(clock);
    ledger.begin();
    load_file(ledger, std::string(NAMEGATE_EXAMPLES) + "/" + file);
    REQUIRE(ledger.files().size() == 1);
    const FileStatus status = ledger.files()[0];
    for (const Problem& problem : status.problems) {
        UNSCOPED_INFO(to_string(problem));
    }
    CHECK(status.problems.empty());
    const auto snapshot = ledger.snapshot();
    CHECK(*namegate::policy::test::selects_view(*snapshot, selected, Direction::kEgress));
    CHECK_FALSE(*namegate::policy::test::selects_view(*snapshot, selected, Direction::kIngress));
    CHECK_FALSE(*namegate::policy::test::selects_view(*snapshot, other, Direction::kEgress));
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

TEST_CASE("every kind has an example, and all of them together have no problem") {
    std::set<std::pair<std::string, std::string>> shown;
    const SystemClock clock;
    DocumentLedger ledger(clock);
    ledger.begin();
    for (const auto& file : std::filesystem::directory_iterator(NAMEGATE_EXAMPLES)) {
        INFO(file.path());
        load_file(ledger, file.path());
        std::ifstream in(file.path());
        const std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        for (const Node& document : parse_documents(file.path(), content).documents) {
            shown.insert({document.find("kind")->text(), document.find("apiVersion")->text()});
        }
    }
    for (const FileStatus& file : ledger.files()) {
        CHECK(file.loaded);
        CHECK(file.problems.empty());
    }
    for (const KindSpec& kind : all_kinds()) {
        INFO(kind.kind);
        CHECK(shown.count({std::string(kind.kind), std::string(kind.api_version)}) == 1);
    }
}

TEST_CASE("the examples of Kubernetes' policy, named ports, tiers and staged policies mean what they say") {
    const SystemClock clock;
    DocumentLedger ledger(clock);
    ledger.begin();
    for (const char* file : {"kubernetes-network-policy.yaml", "pod.yaml", "tier.yaml", "staged-global-network-policy.yaml"}) {
        load_file(ledger, std::string(NAMEGATE_EXAMPLES) + "/" + file);
    }
    const auto snapshot = ledger.snapshot();
    EndpointView db = pod("default", {{"app", "db"}});
    db.pod = "db-0";
    EndpointView app = pod("default", {{"app", "weather-app"}});
    app.addresses = {*IpAddress::parse("10.9.0.2")};
    const std::vector<EndpointView> all = {db, app};
    const auto verdict = [&](const EndpointView& of, Direction direction, const char* remote, std::uint16_t port, bool preview = false) {
        const auto policy = namegate::policy::test::compile_view(*snapshot, of, direction, all, preview);
        REQUIRE(policy.has_value());
        return evaluate(*policy, {*IpAddress::parse(remote), 6, 40000, port, {}}).allowed;
    };
    CHECK(verdict(db, Direction::kIngress, "10.9.0.2", 5432));
    CHECK(verdict(db, Direction::kIngress, "10.9.0.2", 9105));
    CHECK_FALSE(verdict(db, Direction::kIngress, "10.9.0.2", 80));
    CHECK_FALSE(verdict(db, Direction::kIngress, "192.0.2.1", 5432));
    CHECK(verdict(db, Direction::kEgress, "198.51.100.2", 22));
    CHECK_FALSE(verdict(db, Direction::kEgress, "198.51.100.1", 22));
    CHECK_FALSE(verdict(app, Direction::kEgress, "169.254.169.254", 80));
    CHECK(verdict(app, Direction::kEgress, "192.0.2.1", 80));
    CHECK_FALSE(verdict(app, Direction::kEgress, "192.0.2.1", 80, true));
}

TEST_CASE("check reports every file, sorted, and tiers that no document describes") {
    const std::string in_tier =
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: t.x}\nspec: {tier: t, types: [Egress]}\n";
    const CheckReport report = check_files({{"b.yaml", "x: 1\n"}, {"a.yaml", in_tier}});
    CHECK(report.files == 2);
    CHECK(report.resources == 1);
    CHECK_FALSE(report.good());
    REQUIRE(report.problems.size() == 2);
    CHECK_THAT(to_string(report.problems[0]), Catch::StartsWith("a.yaml:1:1: warning: spec.tier:"));
    CHECK_THAT(to_string(report.problems[1]), Catch::StartsWith("b.yaml:1:1: error: kind:"));
    const CheckReport near = check_files({{"a.yaml",
                                           "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: x}\n"
                                           "spec: {tier: defualt, types: [Egress]}\n"}});
    CHECK_THAT(to_string(near.problems.at(0)), Catch::EndsWith("did you mean \"default\"?"));
}

TEST_CASE("policies with domains are warned of when no rule of the folder allows DNS queries, and only then") {
    const auto document = [](const std::string& kind, const std::string& name, const std::string& egress) {
        return "---\napiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {name: " + name +
               "}\nspec: {types: [Egress], egress: [" + egress + "]}\n";
    };
    const std::string weather = document("GlobalNetworkPolicy", "weather", "{action: Allow, destination: {domains: [api.weather.com]}}");
    const CheckScope folder{true, {53}};
    const auto warnings = [&](const std::string& other, const CheckScope& scope) {
        return check_files({{"w.yaml", weather}, {"x.yaml", other}}, scope).problems;
    };
    const auto alone = warnings("", folder);
    REQUIRE(alone.size() == 1);
    CHECK(alone[0].severity == Problem::Severity::kWarning);
    CHECK(alone[0].place.file == "w.yaml");
    CHECK(alone[0].message.find("no rule of any file allows DNS queries") != std::string::npos);
    CHECK(warnings("", {}).empty());  // other files may have the rule
    for (const char* allowing : {"{action: Allow, protocol: UDP, destination: {ports: [53]}}", "{action: Allow, protocol: TCP}",
                                 "{action: Allow, destination: {nets: [192.0.2.0/24]}}", "{action: Pass}",
                                 "{action: Allow, protocol: UDP, destination: {ports: ['1:100']}}"}) {
        INFO(allowing);
        CHECK(warnings(document("GlobalNetworkPolicy", "other", allowing), folder).empty());
        CHECK(warnings(document("StagedGlobalNetworkPolicy", "other", allowing), folder).size() == 1);
    }
    const std::string other_port = document("GlobalNetworkPolicy", "other", "{action: Allow, protocol: UDP, destination: {ports: [5353]}}");
    CHECK(warnings(other_port, folder).size() == 1);
    CHECK(warnings(other_port, {true, {53, 5353}}).empty());
    CHECK(warnings(document("GlobalNetworkPolicy", "other", "{action: Allow, protocol: ICMP}"), folder).size() == 1);
    // What a file with errors allows is not known.
    CHECK(warnings("kind: nothing\n", folder).size() == 1);
    CHECK(has_errors(warnings("kind: nothing\n", folder)));
}

}  // namespace examples_test
