// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/explain.h"

#include <catch2/catch.hpp>

#include "policy/compiler/compile.h"
#include "policy/compiler/destination.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;
using namespace namegate::policy;
using Catch::Contains;

namespace {

constexpr const char* kHead = "---\napiVersion: projectcalico.org/v3\nkind: ";

std::string document(const std::string& kind, const std::string& name, const std::string& spec) {
    return kHead + kind + "\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n";
}

class Fixture {
  public:
    explicit Fixture(const std::string& text) {
        store_.set_file("t.yaml", text);
        REQUIRE(store_.files().at(0).loaded);
    }

    Explanation ask(const std::string& text, std::vector<std::string> patterns = {}, bool preview = false) const {
        const auto destination = parse_destination(text);
        REQUIRE(destination.has_value());
        EndpointView self;
        self.name_space = "ns";
        self.labels = {{"app", "web"}};
        const auto snapshot = store_.snapshot();
        const auto compiled = policy::test::compile_view(*snapshot, self, Direction::kEgress, {}, preview);
        REQUIRE(compiled.has_value());
        ExplainInput question;
        question.host = destination->host();
        question.service = destination->service();
        question.by_name = !destination->address;
        question.packet.remote = destination->address.value_or(IpAddress::v4({0, 0, 0, 0}));
        question.packet.outside_nets = question.by_name;
        question.packet.protocol = destination->protocol;
        question.packet.source_port = 50000;
        question.packet.destination_port = destination->port;
        question.packet.patterns = std::move(patterns);
        if (question.by_name) {
            question.packet.names = {destination->name};
        }
        return explain(*compiled, question);
    }

  private:
    PolicyStore store_;
};

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) {
        out += line + "\n";
    }
    return out;
}

const Fixture& weather() {
    static const Fixture fixture(
        document("Tier", "early", "order: 1") +
        document("GlobalNetworkPolicy", "early.a",
                 "tier: early, egress: [{action: Deny, destination: {nets: [192.0.2.66]}}, {action: Pass}, {action: Deny}]") +
        document("GlobalNetworkPolicy", "b",
                 "egress: [{action: Allow, protocol: UDP, destination: {ports: [53]}},"
                 " {action: Allow, protocol: TCP, destination: {domains: [api.weather.com, '*.example.com'], notNets: [10.0.0.0/8]}},"
                 " {action: Allow, protocol: TCP, destination: {nets: [198.51.100.0/24], ports: [80]}}]"));
    return fixture;
}

}  // namespace

TEST_CASE("explain: the path through tiers, policies and rules") {
    const Explanation allowed = weather().ask("api.weather.com");
    CHECK(allowed.verdict.allowed);
    CHECK(allowed.reason ==
          "GlobalNetworkPolicy b[1] allows it (t.yaml:15), by the domain api.weather.com, once the endpoint has looked it up");
    CHECK(allowed.after_lookup);
    CHECK(allowed.advice.empty());
    std::vector<std::size_t> asked;
    for (const ExplainedRule& rule : allowed.path) {
        asked.push_back(rule.rule);
    }
    CHECK(asked == std::vector<std::size_t>{0, 1, 4, 5});  // the Pass jumps over rules 2 and 3
    CHECK(allowed.path[0].why == "it has no matching domain");
    CHECK(allowed.path[1].matched);
    CHECK(allowed.path[2].why == "another protocol or port");
    CHECK(allowed.path[3].matched);
}

TEST_CASE("explain: why not, and what would change it") {
    const Explanation other = weather().ask("www.api.weather.com");
    CHECK_FALSE(other.verdict.allowed);
    CHECK(other.reason == "the end of tier default denies it: none of its rules matches");
    CHECK(other.path[3].why == "the name does not match its domains");
    CHECK_THAT(joined(other.advice), Contains("add *.api.weather.com to the domains of GlobalNetworkPolicy b[1]"));
    CHECK_THAT(joined(other.advice), Contains("- {action: Allow, protocol: TCP, destination: {domains: [www.api.weather.com], ports: "
                                              "[443]}} under egress of GlobalNetworkPolicy b (t.yaml:15)"));
    CHECK_THAT(joined(weather().ask("example.com").advice), Contains("add example.com to the domains of GlobalNetworkPolicy b[1]: "
                                                                     "*.example.com matches only the names below it"));

    const Explanation address = weather().ask("203.0.113.1");
    CHECK_FALSE(address.verdict.allowed);
    CHECK(address.path[3].why == "no name that matches its domains opened the address");
    CHECK_THAT(joined(address.advice), Contains("let the endpoint look up *.example.com or api.weather.com at a trusted DNS server"));
    const Explanation opened = weather().ask("203.0.113.1", {"api.weather.com"});
    CHECK(opened.verdict.allowed);
    CHECK_FALSE(opened.after_lookup);
    CHECK(opened.reason == "GlobalNetworkPolicy b[1] allows it (t.yaml:15), by the domain api.weather.com");
    CHECK_FALSE(weather().ask("api.weather.com", {"api.weather.com"}).after_lookup);  // another name opened it
    CHECK_FALSE(weather().ask("api.weather.com:53/UDP").after_lookup);                // any address will do
    CHECK_FALSE(other.after_lookup);
    CHECK_FALSE(weather().ask("203.0.113.1", {"api.weather"}).verdict.allowed);

    const Explanation refused = weather().ask("10.1.2.3", {"api.weather.com"});
    CHECK_FALSE(refused.verdict.allowed);
    CHECK(refused.path[3].why == "the name matches, but the rule excludes the address");

    const Explanation port = weather().ask("198.51.100.7:443");
    CHECK(port.path[4].why == "another protocol or port");
    CHECK_THAT(joined(port.advice), Contains("GlobalNetworkPolicy b[2] matches this destination, but not TCP port 443"));
    CHECK(joined(port.advice).find("b[0]") == std::string::npos);  // DNS to any destination is not related
    CHECK(weather().ask("198.51.100.7:80").verdict.allowed);

    const Explanation denied = weather().ask("192.0.2.66");
    CHECK(denied.reason == "GlobalNetworkPolicy early.a[0] denies it (t.yaml:10)");
    CHECK(denied.path.size() == 1);
    CHECK_THAT(joined(denied.advice), Contains("narrow or remove GlobalNetworkPolicy early.a[0]"));
}

TEST_CASE("explain: an empty policy, and none") {
    const Explanation empty = Fixture(document("GlobalNetworkPolicy", "x", "types: [Egress]")).ask("[2001:db8::1]:53/UDP");
    CHECK_THAT(joined(empty.advice), Contains("destination: {nets: ['2001:db8::1'], ports: [53]}") &&
                                         Contains("a policy of tier default that selects the endpoint"));
    const Explanation open = Fixture("# nothing\n").ask("192.0.2.1/47");
    CHECK(open.verdict.allowed);
    CHECK(open.reason == "every tier passes it, and the profile allows it");
}

TEST_CASE("E4: a preview counts staged policies: Set replaces, Delete removes, Learn and Ignore do nothing") {
    const std::string enforced = document("GlobalNetworkPolicy", "x", "egress: [{action: Allow, destination: {nets: [192.0.2.1]}}]");
    const auto allows = [](const std::string& text, const char* destination, bool preview) {
        return Fixture(text).ask(destination, {}, preview).verdict.allowed;
    };
    const std::string set =
        enforced + document("StagedGlobalNetworkPolicy", "x", "egress: [{action: Allow, destination: {nets: [192.0.2.2]}}]");
    CHECK(allows(set, "192.0.2.1", false));
    CHECK_FALSE(allows(set, "192.0.2.2", false));
    CHECK_FALSE(allows(set, "192.0.2.1", true));
    CHECK(allows(set, "192.0.2.2", true));
    CHECK_FALSE(allows(set, "192.0.2.3", true));
    const std::string removed = enforced + document("StagedGlobalNetworkPolicy", "x", "stagedAction: Delete");
    CHECK_FALSE(allows(removed, "192.0.2.3", false));
    CHECK(allows(removed, "192.0.2.3", true));
    for (const char* action : {"Learn", "Ignore"}) {
        const std::string listed = enforced + document("StagedGlobalNetworkPolicy", "x", std::string("stagedAction: ") + action);
        CHECK(allows(listed, "192.0.2.1", true));
        CHECK_FALSE(allows(listed, "192.0.2.3", true));
    }
    // One of its own beside the enforced one.
    const std::string beside = enforced + document("StagedGlobalNetworkPolicy", "y", "order: 1, egress: [{action: Deny}]");
    CHECK(allows(beside, "192.0.2.1", false));
    CHECK_FALSE(allows(beside, "192.0.2.1", true));
}

TEST_CASE("destinations as people write them") {
    struct Good {
        const char* text;
        const char* host;
        const char* service;
    };
    for (const Good& each : {Good{"192.0.2.1", "192.0.2.1", "TCP port 443"}, Good{"API.Weather.com.:80", "api.weather.com", "TCP port 80"},
                             Good{"2001:db8::1", "2001:db8::1", "TCP port 443"}, Good{"[2001:db8::1]:53/udp", "2001:db8::1", "UDP port 53"},
                             Good{"[2001:db8::1]", "2001:db8::1", "TCP port 443"}, Good{"192.0.2.1/ICMP", "192.0.2.1", "ICMP type 8"},
                             Good{"192.0.2.1:0/icmp", "192.0.2.1", "ICMP type 0"},
                             Good{"2001:db8::1/ICMPv6", "2001:db8::1", "ICMPv6 type 128"}, Good{"192.0.2.1/47", "192.0.2.1", "protocol 47"},
                             Good{"a.b:5/132", "a.b", "SCTP port 5"}, Good{"a.b/UDPLite", "a.b", "UDPLite"}}) {
        INFO(each.text);
        const auto parsed = parse_destination(each.text);
        REQUIRE(parsed.has_value());
        CHECK(parsed->host() == each.host);
        CHECK(parsed->service() == each.service);
    }
    for (const char* text :
         {"", ":", "a.b:", "a.b:0", "a.b:65536", "a.b:x", "a.b/", "a.b/foo", "a.b/0", "a.b/256", "[a.b]:1", "[2001:db8::1",
          "[2001:db8::1]x", "192.0.2.1:1/47", "192.0.2.1/ICMPv6", "2001:db8::1/ICMP", "192.0.2.1:255/ICMP", "*.a.b", "a b"}) {
        INFO(text);
        CHECK(parse_destination(text).error().code() == Code::kInvalidInput);
    }
}
