// SPDX-License-Identifier: Apache-2.0
// What does not work without being an error is reported: an untrusted DNS server, a policy that selects no endpoint, labels that no
// source knows. And `policies` lists what there is.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "site.h"

namespace silence_test {

using namespace namegate;
using namespace namegate::test;
using Catch::Contains;

namespace {

constexpr const char* kTrusted = "192.0.2.1, 192.0.2.53, \"2001:db8::53\"";

std::vector<std::string> warnings_with(const Site& site, const std::string& text) {
    const auto status = site.node.ask_daemon("status");
    std::vector<std::string> out;
    for (const nlohmann::json& line : status ? (*status)["warnings"] : nlohmann::json::array()) {
        if (line.get<std::string>().find(text) != std::string::npos) {
            out.push_back(line);
        }
    }
    return out;
}

std::size_t times_logged(const Site& site, const std::string& text) {
    const std::string log = site.node.daemon_log();
    std::size_t count = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) {
        ++count;
    }
    return count;
}

nlohmann::json explain(const Site& site, const std::string& destination) {
    const auto reply = site.node.ask_daemon("explain", {{"endpoint", "default/a"}, {"destination", destination}});
    REQUIRE(reply);
    return *reply;
}

bool asks(const Pod& pod, const char* server) { return ask_from(pod.netns, {"api.weather.com", kTypeA, server}).has_value(); }

}  // namespace

TEST_CASE("a pod that uses an untrusted DNS server: status, the log and explain say so, and what to write") {
    Site site;
    site.world.set_name("api.weather.com", {"198.18.0.1"});
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}) +
                                               "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: tcp}\n"
                                               "spec: {selector: app == 'a', types: [Egress], egress: [{action: Allow, protocol: TCP, "
                                               "destination: {ports: [53]}}]}\n");
    site.node.start_daemon();
    const auto a = site.node.add({"a", "default", {{"app", "a"}}});
    const auto b = site.node.add({"b", "default", {{"app", "b"}}});
    CHECK(explain(site, "api.weather.com")["results"][0]["advice"] ==
          nlohmann::json{"the endpoint has to look up api.weather.com at one of the trusted servers 192.0.2.1, 192.0.2.53, 2001:db8::53"});

    // Twice over UDP, once over TCP; and the other pod, which no policy selects.
    REQUIRE(asks(*a, kOtherServer4));
    REQUIRE(asks(*a, kOtherServer4));
    const Fd tcp = socket_inside(a->netns, AF_INET, SOCK_STREAM);
    REQUIRE(ask_tcp(tcp, kOtherServer4, {{"api.weather.com", kTypeA, kOtherServer4}}).size() == 1);
    REQUIRE(asks(*b, kOtherServer4));
    REQUIRE(asks(*b, kOtherServer6));
    CHECK_FALSE(connects_from(a->netns, *IpAddress::parse("198.18.0.1"), kTcpPort, kDenied));

    const auto told = warnings_with(site, "DNS server 192.0.2.54 is not trusted and answered 2 pods (default/a, default/b) 4 times");
    REQUIRE(told.size() == 1);
    CHECK_THAT(told[0], Contains(std::string("write into namegate.yaml: dnsTrustedServers: [") + kTrusted + ", 192.0.2.54]"));
    const auto open = warnings_with(site, "DNS server 2001:db8::54 is not trusted and answered 1 pod (default/b) 1 time");
    REQUIRE(open.size() == 1);
    CHECK_THAT(open[0], Contains("(no policy in force for it has domains)") &&
                            Contains(std::string("dnsTrustedServers: [") + kTrusted + ", \"2001:db8::54\"]"));
    CHECK(site.node.ask_daemon("status")->at("healthy") == true);

    const auto later = explain(site, "api.weather.com");
    CHECK(later["allowed"] == false);
    CHECK(later["verdict"] == "after lookup");
    CHECK_THAT(later["results"][0]["advice"].dump(),
               Contains("its lookups went to 192.0.2.54, which is not trusted: add it to dnsTrustedServers"));
    CHECK_THAT(later["results"][0]["reason"].get<std::string>(), Contains("once the endpoint has looked it up"));
    const auto denied = explain(site, "198.18.0.1");
    CHECK(denied["verdict"] == "denied");
    CHECK_THAT(denied["notes"].dump(), Contains("lookups went to 192.0.2.54, which is not trusted"));

    // Logged once, however long it goes on.
    REQUIRE(eventually([&] { return times_logged(site, "DNS server 192.0.2.54 is not trusted") == 1; }));
    REQUIRE(asks(*a, kOtherServer4));
    CHECK_FALSE(eventually([&] { return times_logged(site, "DNS server 192.0.2.54 is not trusted") > 1; }, Milliseconds(6000)));

    // One lookup at a trusted server, and the warning ends.
    REQUIRE(asks(*a, kServer4));
    CHECK(explain(site, "api.weather.com")["verdict"] == "allowed");
    CHECK(connects_from(a->netns, *IpAddress::parse("198.18.0.1"), kTcpPort, kBeforeRepeat));

    // A removed pod is not mentioned.
    site.node.remove(*a);
    CHECK(warnings_with(site, "DNS server 192.0.2.54 is not trusted and answered 1 pod (default/b) 1 time").size() == 1);
    site.node.remove(*b);
    CHECK(warnings_with(site, "is not trusted").empty());
}

TEST_CASE("a pod that uses DNS over TLS, HTTPS or QUIC: status, why and explain say so") {
    constexpr std::uint16_t kTlsPort = 853;
    Site site;
    std::string policy = allow_domains("for-a", "app == 'a'", {"api.weather.com"});
    policy.insert(policy.rfind("---"), "  - {action: Allow, protocol: UDP, destination: {nets: [198.18.0.9/32]}}\n");
    site.node.write_policy("a.yaml", policy);
    site.node.start_daemon();
    const auto a = site.node.add({"a", "default", {{"app", "a"}}});
    const auto b = site.node.add({"b", "default", {{"app", "a"}}});
    CHECK(warnings_with(site, "uses DNS over").empty());
    // Denied: any address on port 853, and a known resolver on 443, but no other address.
    CHECK_FALSE(connects_from(a->netns, *IpAddress::parse("198.18.0.1"), kTlsPort, kDenied));
    CHECK_FALSE(connects_from(a->netns, *IpAddress::parse("9.9.9.9"), kTcpPort, kDenied));
    CHECK_FALSE(connects_from(a->netns, *IpAddress::parse("198.18.0.1"), kTcpPort, kDenied));
    REQUIRE(eventually([&] { return warnings_with(site, "1 pod (default/a) uses DNS over").size() == 2; }));
    CHECK(warnings_with(site, "DNS over TLS with 198.18.0.1: names that are looked up there open nothing").size() == 1);
    CHECK(warnings_with(site, "DNS over HTTPS with 9.9.9.9 (Quad9)").size() == 1);
    CHECK(site.node.ask_daemon("status")->at("healthy") == true);
    const auto why = site.node.ask_daemon("why", {{"endpoint", "default/a"}, {"destination", "9.9.9.9"}}).value();
    CHECK_THAT(why["entries"][0]["now"]["advice"][0].get<std::string>(), Contains("this is DNS over HTTPS with 9.9.9.9 (Quad9)"));
    CHECK_THAT(explain(site, "9.9.9.9:443")["notes"].dump(), Contains("this is DNS over HTTPS with 9.9.9.9 (Quad9)"));
    // Allowed: found among the live flows.
    static_cast<void>(echoes_from(b->netns, *IpAddress::parse("198.18.0.9"), kTlsPort, "hello", kDenied));
    CHECK(eventually([&] { return warnings_with(site, "1 pod (default/b) uses DNS over QUIC with 198.18.0.9").size() == 1; }));
    site.node.remove(*a);
    CHECK(eventually([&] { return warnings_with(site, "DNS over TLS").empty(); }));
    site.node.remove(*b);
}

TEST_CASE("when the policy lets a pod reach no trusted server, explain names this first") {
    Site site;
    site.node.write_policy("p.yaml",
                           "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {types: [Egress], "
                           "egress: [{action: Allow, destination: {domains: [api.weather.com]}}]}\n");
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    const auto later = explain(site, "api.weather.com");
    CHECK(later["verdict"] == "after lookup");
    CHECK_THAT(later["results"][0]["advice"][0].get<std::string>(),
               Contains("the policy denies the endpoint's DNS queries, so no name opens an address: allow them first"));
    site.node.remove(*pod);
}

TEST_CASE("a policy that selects no endpoint, and a pod whose labels no source knows, are warnings") {
    Site site;
    site.node.write_policy("a.yaml", allow_domains("for-a", "app == 'a'", {"api.weather.com"}));
    site.node.start_daemon();
    CHECK(warnings_with(site, "selects no endpoint").empty());  // there is none
    const auto pod = site.node.add({"a", "default", {{"app", "b"}}});
    REQUIRE(eventually([&] { return warnings_with(site, "GlobalNetworkPolicy for-a (").size() == 1; }));
    CHECK_THAT(warnings_with(site, "for-a")[0], Contains("a.yaml:1) selects no endpoint of this node"));
    site.node.write_policy("b.yaml", allow_domains("for-c", "app == 'c'", {"api.weather.com"}));
    REQUIRE(eventually([&] {
        return warnings_with(site, "2 policies select no endpoint of this node: GlobalNetworkPolicy for-a, GlobalNetworkPolicy for-c")
                   .size() == 1;
    }));
    site.node.remove_policy("b.yaml");
    site.node.write_policy("a.yaml", allow_domains("for-a", "app == 'b'", {"api.weather.com"}));
    REQUIRE(eventually([&] { return warnings_with(site, "no endpoint of this node").empty(); }));

    Pod nameless({"n", "default", {}, false});
    const CniReply refused = site.node.call("ADD", nameless);
    REQUIRE(refused.status != 0);
    std::vector<std::string> unknown;
    REQUIRE(eventually([&] {
        unknown = warnings_with(site, "labels of default/n are not known");
        return unknown.size() == 1;
    }));
    CHECK_THAT(unknown[0], Contains("set labelSources, or add a Pod document with them"));
    CHECK(eventually([&] { return times_logged(site, "labels of default/n are not known") == 1; }));
    site.node.remove(nameless);
    site.node.remove_policy("a.yaml");
    site.node.write_policy("c.yaml", allow_domains("for-all", "all()", {"api.weather.com"}));
    const auto known = site.node.add({"n", "default", {}});
    CHECK(warnings_with(site, "are not known").empty());
    site.node.remove(*known);
    site.node.remove(*pod);
}

TEST_CASE("policies without an endpoint lists all, with the endpoints that they select and the rules that matched") {
    Site site;
    site.world.set_name("api.weather.com", {"198.18.0.1"});
    site.node.write_policy("a.yaml",
                           "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: early}\nspec: {order: 1}\n---\n"
                           "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: early.none}\n"
                           "spec: {tier: early, order: 7, selector: app == 'nobody', egress: [{action: Pass}]}\n---\n" +
                               allow_domains("weather", "app in {'a', 'b'}", {"api.weather.com"}) +
                               "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\nmetadata: {name: later}\n"
                               "spec: {order: 2.5, types: [Egress]}\n");
    site.node.start_daemon();
    const auto a = site.node.add({"a", "default", {{"app", "a"}}});
    const auto b = site.node.add({"b", "default", {{"app", "b"}}});
    REQUIRE(resolve(*a, "api.weather.com"));
    const auto listed = [&site] {
        const auto reply = site.node.ask_daemon("policies");
        REQUIRE(reply);
        return *reply;
    };
    nlohmann::json all = listed();
    REQUIRE(all.size() == 3);
    CHECK(all[0]["policy"] == "early.none");
    CHECK(all[0]["tier"] == "early");
    CHECK(all[0]["order"] == 7);
    CHECK(all[0]["endpoints"] == 0);
    CHECK(all[0]["matchedRules"] == 0);
    CHECK(all[1]["kind"] == "StagedGlobalNetworkPolicy");
    CHECK(all[1]["order"] == 2.5);
    CHECK(all[1]["staged"] == true);
    CHECK(all[1]["endpoints"] == 2);
    CHECK(all[1]["matchedRules"].is_null());
    const nlohmann::json weather = {{"tier", "default"},
                                    {"order", nullptr},
                                    {"kind", "GlobalNetworkPolicy"},
                                    {"policy", "weather"},
                                    {"staged", false},
                                    {"types", {"Egress"}},
                                    {"file", site.node.folder() + "/policies.d/a.yaml"},
                                    {"line", 11},
                                    {"endpoints", 2},
                                    {"unknownEndpoints", 0},
                                    {"rules", 2},
                                    {"matchedRules", 1}};
    CHECK(all[2] == weather);
    // The other rule matched for the other pod: the numbers are summed.
    REQUIRE(reaches(*b, "api.weather.com"));
    CHECK(listed()[2]["matchedRules"] == 2);
    site.node.remove(*b);
    CHECK(listed()[2]["matchedRules"] == 1);
    CHECK(listed()[2]["endpoints"] == 1);
    site.node.remove(*a);
}

}  // namespace silence_test
