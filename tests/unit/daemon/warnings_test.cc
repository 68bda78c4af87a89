// SPDX-License-Identifier: Apache-2.0
//
// The parts of the warnings: which domains were looked up, what is old enough to report, what was logged before.
#include "daemon/warnings/warnings.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "config/config.h"
#include "daemon/warnings/policy_warnings.h"
#include "daemon/warnings/unused_rules.h"
#include "policy/compiler/compile.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::daemon;
using Catch::Contains;

namespace {

std::string document(const std::string& name, const std::string& domains, const std::string& more = "") {
    return "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: " + name +
           "}\nspec: {types: [Egress], egress: [{action: Allow, destination: {domains: [" + domains + "]}}" + more + "]}\n";
}

class Policies {
  public:
    explicit Policies(const std::string& text) { put(text); }
    void put(const std::string& text) {
        store_.set_file("p.yaml", text);
        REQUIRE(store_.files().at(0).loaded);
        snapshot_ = store_.snapshot();
    }
    const policy::Snapshot& snapshot() const { return *snapshot_; }
    const policy::Policy& operator[](std::size_t i) const { return *snapshot_->tiers().at(0).policies.at(i); }
    policy::CompiledPolicy compiled() const {
        policy::EndpointView self;
        auto compiled = policy::test::compile_view(*snapshot_, self, policy::Direction::kEgress);
        REQUIRE(compiled.has_value());
        return std::move(compiled).value();
    }

  private:
    policy::PolicyStore store_;
    std::shared_ptr<const policy::Snapshot> snapshot_;
};

policy::DomainPattern pattern(const std::string& text) { return policy::DomainPattern::parse(text).value(); }

bool nothing_cached(std::uint32_t /*endpoint*/, const policy::DomainPattern& /*domain*/) { return false; }

// One whole round over the policies.
void look(PolicyWarnings& warnings, const Policies& policies, const std::vector<std::uint32_t>& endpoints,
          const std::vector<Selected>& selected, const PolicyWarnings::IsCached& is_cached = nothing_cached) {
    warnings.begin(endpoints);
    for (std::size_t i = 0; i < selected.size(); ++i) {
        warnings.check(policies[i], selected[i], is_cached);
    }
    warnings.end();
}

}  // namespace

TEST_CASE("a lookup counts for every pattern that matches the name, in the policies that have it, and for no other") {
    const Policies policies(document("a", "api.weather.com, '*.example.com', 'up.*.example.com', 'up.*.example.org', other.com") +
                            document("b", "'*.b.example.com', api.weather.com"));
    const policy::CompiledPolicy compiled = policies.compiled();
    Lookups lookups;
    lookups.note(compiled, {"up.b.example.com", "unknown.test"});
    CHECK(lookups.has(policies[0], pattern("*.example.com")));
    CHECK(lookups.has(policies[0], pattern("up.*.example.com")));
    CHECK(lookups.has(policies[1], pattern("*.b.example.com")));
    for (const char* none : {"up.*.example.org", "api.weather.com", "other.com"}) {
        CHECK_FALSE(lookups.has(policies[0], pattern(none)));
    }
    CHECK_FALSE(lookups.has(policies[1], pattern("api.weather.com")));
    lookups.note(compiled, {"api.weather.com"});
    CHECK(lookups.has(policies[0], pattern("api.weather.com")));
    CHECK(lookups.has(policies[1], pattern("api.weather.com")));
}

TEST_CASE("lookups are forgotten with their policy, and a full memory reports that every domain was looked up") {
    Policies policies(document("a", "a.com, b.com") + document("b", "a.com"));
    Lookups lookups(2);
    lookups.note(policies[0], pattern("a.com"));
    CHECK_FALSE(lookups.has(policies[0], pattern("b.com")));
    lookups.note(policies[1], pattern("a.com"));
    CHECK(lookups.has(policies[0], pattern("b.com")));
    policies.put(document("a", "a.com, b.com"));
    lookups.keep(policies.snapshot());
    CHECK(lookups.has(policies[0], pattern("a.com")));
    CHECK_FALSE(lookups.has(policies[0], pattern("b.com")));
}

TEST_CASE("rules that allow and have matched nothing for a day are reported, each policy in its own time") {
    test::ManualClock clock;
    UnusedRules unused(clock);
    const auto round = [&unused](const Policies& policies, const Selected& selected, const std::set<UnusedRules::RuleKey>& matched) {
        unused.begin();
        unused.check(policies[0], selected, matched);
        unused.end();
    };
    const Selected some{{7}, 0};
    const std::string more = ", {action: Allow, protocol: UDP}, {action: Deny}, {action: Log}, {action: Pass}";
    Policies policies(document("a", "a.com", more));
    round(policies, some, {});
    clock.advance_seconds(kUnusedRuleSeconds - 1);
    round(policies, some, {});
    CHECK(unused.warnings().empty());
    clock.advance_seconds(1);
    round(policies, some, {});
    REQUIRE(unused.warnings().size() == 1);
    CHECK(unused.warnings()[0].text ==
          "GlobalNetworkPolicy a (p.yaml:2): 3 rules have matched no packet for a day or longer: egress[0] Allow to domains a.com, "
          "egress[1] Allow UDP, egress[4] Pass");
    CHECK(unused.rules() == 3);

    SECTION("a match counts also after the endpoint that had it is gone") {
        round(policies, some, {{policy::Direction::kEgress, 0}, {policy::Direction::kEgress, 4}});
        round(policies, some, {});
        REQUIRE(unused.warnings().size() == 1);
        CHECK_THAT(unused.warnings()[0].text, Contains("1 rule has matched no packet for a day or longer: egress[1] Allow UDP"));
        round(policies, some, {{policy::Direction::kEgress, 1}});
        CHECK(unused.warnings().empty());
    }
    SECTION("changed rules have their own time") {
        policies.put(document("a", "b.com", more));
        round(policies, some, {});
        CHECK(unused.warnings().empty());
        clock.advance_seconds(kUnusedRuleSeconds);
        round(policies, some, {});
        CHECK(unused.warnings().size() == 1);
    }
    SECTION("the time begins again when the policy selects an endpoint again") {
        round(policies, {}, {});
        CHECK(unused.warnings().empty());
        round(policies, some, {});
        CHECK(unused.warnings().empty());
    }
}

TEST_CASE("domains that no endpoint looked up are reported after policy and endpoint have had their time") {
    test::ManualClock clock;
    Lookups lookups;
    PolicyWarnings warnings(clock, lookups);
    Policies policies(document("a", "a.com, b.com, c.com, d.com, e.com, f.com"));
    look(warnings, policies, {7}, {{{7}, 0}});
    clock.advance_seconds(kWarningGraceSeconds - 1);
    lookups.note(policies.compiled(), {"a.com"});
    look(warnings, policies, {7}, {{{7}, 0}});
    CHECK(warnings.not_looked_up().empty());
    clock.advance_seconds(1);
    look(warnings, policies, {7}, {{{7}, 0}});
    REQUIRE(warnings.not_looked_up().size() == 1);
    CHECK(warnings.not_looked_up()[0].text ==
          "no endpoint that GlobalNetworkPolicy a (p.yaml:2) selects has looked up b.com, c.com, d.com, e.com and 1 more at a trusted "
          "DNS server since the daemon started");
    REQUIRE(warnings.to_log().size() == 1);

    SECTION("each endpoint has its own time") {
        look(warnings, policies, {7, 8}, {{{8}, 0}});
        CHECK(warnings.not_looked_up().empty());
        look(warnings, policies, {7, 8}, {{{7, 8}, 0}});
        CHECK(warnings.not_looked_up().size() == 1);
    }
    SECTION("other domains have their own time") {
        policies.put(document("a", "new.com"));
        look(warnings, policies, {7}, {{{7}, 0}});
        CHECK(warnings.not_looked_up().empty());
        clock.advance_seconds(kWarningGraceSeconds);
        look(warnings, policies, {7}, {{{7}, 0}});
        CHECK(warnings.not_looked_up().size() == 1);
    }
    SECTION("the name cache may have it, and is asked once") {
        std::size_t asked = 0;
        const auto cached = [&asked](std::uint32_t endpoint, const policy::DomainPattern& domain) {
            ++asked;
            return endpoint == 7 && domain.text() != "f.com";
        };
        look(warnings, policies, {7}, {{{7}, 0}}, cached);
        REQUIRE(warnings.not_looked_up().size() == 1);
        CHECK_THAT(warnings.not_looked_up()[0].text, Contains("has looked up f.com at a trusted"));
        CHECK(asked == 5);
        look(warnings, policies, {7}, {{{7}, 0}}, cached);
        CHECK(asked == 6);
    }
    SECTION("a staged policy does not count") {
        std::string staged = document("a", "x.com");
        staged.replace(staged.find("kind: "), 6, "kind: Staged");
        policies.put(staged);
        look(warnings, policies, {7}, {{{7}, 0}});
        clock.advance_seconds(kWarningGraceSeconds);
        look(warnings, policies, {7}, {{{7}, 0}});
        CHECK(warnings.not_looked_up().empty());
    }
}

TEST_CASE("a policy that selects no endpoint is reported at once, and logged after its time") {
    test::ManualClock clock;
    Lookups lookups;
    PolicyWarnings warnings(clock, lookups);
    const Policies policies(document("a", "a.com") + document("b", "a.com"));
    look(warnings, policies, {7}, {{{}, 0}, {{}, 1}});
    REQUIRE(warnings.unselected().size() == 1);  // for the other one it is unknown
    CHECK(warnings.unselected()[0].text == "GlobalNetworkPolicy a (p.yaml:2) selects no endpoint of this node");
    CHECK(warnings.to_log().empty());
    clock.advance_seconds(kWarningGraceSeconds);
    look(warnings, policies, {7}, {{{}, 0}, {{}, 1}});
    CHECK(warnings.to_log().size() == 1);
    look(warnings, policies, {}, {{{}, 0}, {{}, 0}});
    CHECK(warnings.unselected().empty());  // there is no endpoint to select
    look(warnings, policies, {7}, {{{7}, 0}, {{7}, 0}});
    CHECK(warnings.unselected().empty());
}

TEST_CASE("of a policy with very many domains a limited number is watched") {
    std::string rules;
    for (std::size_t i = 0; i <= kMaxDomainsWatched; ++i) {
        rules += i % 1000 == 0 ? ", {action: Allow, destination: {domains: [a.com" : "";
        rules += ", n" + std::to_string(i) + ".com";
        rules += i % 1000 == 999 || i == kMaxDomainsWatched ? "]}}" : "";
    }
    test::ManualClock clock;
    Lookups lookups;
    PolicyWarnings warnings(clock, lookups);
    const Policies policies(document("a", "a.com", rules));
    look(warnings, policies, {7}, {{{7}, 0}});
    clock.advance_seconds(kWarningGraceSeconds);
    look(warnings, policies, {7}, {{{7}, 0}});
    REQUIRE(warnings.not_looked_up().size() == 1);
    CHECK_THAT(warnings.not_looked_up()[0].text, Contains("and " + std::to_string(kMaxDomainsWatched - 4) + " more at"));
}

TEST_CASE("a refused pod is remembered until it starts or the time is over, up to a limit") {
    test::ManualClock clock;
    RefusedPods pods(clock);
    pods.refuse("default/first", "why");
    clock.advance_seconds(1);
    for (std::size_t i = 1; i < kMaxRefusedPods; ++i) {
        pods.refuse("default/" + std::to_string(i), "why");
    }
    CHECK(pods.list().empty());  // while they may still be starting
    clock.advance_seconds(kLabelsSeconds);
    CHECK(pods.list().size() == kMaxRefusedPods);
    CHECK(pods.list().at("default/first") == "why");
    pods.refuse("default/one-more", "why");
    clock.advance_seconds(kLabelsSeconds);
    CHECK(pods.list().size() == kMaxRefusedPods);
    CHECK(pods.list().count("default/first") == 0);
    pods.admit("default/1");
    CHECK(pods.list().size() == kMaxRefusedPods - 1);
    clock.advance_seconds(kRefusedPodSeconds - 2 * kLabelsSeconds);
    pods.refuse("default/2", "again");
    CHECK(pods.list().size() == kMaxRefusedPods - 1);
    clock.advance_seconds(kRefusedPodSeconds);
    CHECK(pods.list() == std::map<std::string, std::string>{{"default/2", "again"}});
    clock.advance_seconds(1);
    CHECK(pods.list().empty());
}

TEST_CASE("a warning is logged once, again when it comes back, and up to a limit") {
    WarningLog log(2);
    const Warning a{"event", "a", "first text"};
    const Warning b{"event", "b", ""};
    const Warning c{"other event", "a", ""};
    const auto subjects = [&log](const std::vector<Warning>& all) {
        std::string out;
        for (const Warning& one : log.fresh(all)) {
            out += one.subject.empty() ? "full " : one.subject + " ";
        }
        return out;
    };
    CHECK(subjects({a}) == "a ");
    CHECK(subjects({{"event", "a", "another text"}, b}) == "b ");
    CHECK(subjects({c, a, b}) == "full ");
    CHECK(subjects({c, a, b}).empty());
    CHECK(subjects({c, b}) == "a ");
    CHECK(subjects({a}) == "a ");
}

TEST_CASE("an untrusted DNS server: the suggested line can be written into namegate.yaml unchanged") {
    UntrustedServerSummary server;
    server.pods = {"default/a", "default/b"};
    server.responses = 17;
    server.matters = true;
    config::DnsServerSettings trusted;
    trusted.kubelet = false;
    trusted.listed =
        *dns::parse_trusted_servers({"10.96.0.10", "10.97.0.0/16", "192.0.2.1:5353", "fd00::53", "fd00:1::/64", "[fd00:2::]:5353"});
    for (const char* address : {"10.0.0.2", "fd99::"}) {
        server.server = *IpAddress::parse(address);
        const Warning warning = untrusted_server(server, trusted);
        CHECK_THAT(warning.text,
                   Contains("DNS server " + std::string(address) + " is not trusted and answered 2 pods (default/a, default/b) 17 times"));
        const std::string line = warning.text.substr(warning.text.find("dnsTrustedServers: "));
        const test::TempDir folder;
        REQUIRE(write_file_atomically(folder.path() + "/namegate.yaml", line + "\n", 0644));
        const auto config = config::load_config(folder.path() + "/namegate.yaml");
        INFO(line << (config ? "" : ": " + config.error().message()));
        REQUIRE(config);
        std::vector<dns::TrustedServer> wanted = trusted.listed;
        wanted.push_back({IpPrefix(server.server, server.server.bits()), 53});
        std::sort(wanted.begin(), wanted.end());
        CHECK(config->dns_servers.listed == wanted);
        CHECK(config->dns_servers.node);
        CHECK_FALSE(config->dns_servers.kubelet);
    }
    server.matters = false;
    server.pods = {"default/a"};
    server.responses = 1;
    CHECK_THAT(untrusted_server(server, {}).text, Contains("answered 1 pod (default/a) 1 time: ") &&
                                                      Contains("(no policy in force for it has domains)") &&
                                                      Contains("dnsTrustedServers: [node, kubelet, \"fd99::\"]"));
}
