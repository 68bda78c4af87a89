// SPDX-License-Identifier: Apache-2.0
// `namegatectl why` names what a pod was denied, and the advice allows exactly that; a stream may begin in the past.
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "api/client.h"
#include "site.h"

using namespace namegate;
using namespace namegate::test;
using Catch::Contains;

namespace {

using nlohmann::json;

json why(const Site& site, const std::string& destination = "") {
    const auto reply = site.node.ask_daemon("why", {{"endpoint", "default/a"}, {"destination", destination}});
    REQUIRE(reply);
    return *reply;
}

// The events of the last minute, until none came for a second.
std::vector<json> past_events(const Site& site, json arguments) {
    arguments["sinceSeconds"] = 60;
    std::vector<json> out;
    const auto followed =
        api::follow_daemon(site.node.folder() + "/state/namegated.sock", {"monitor", arguments}, 5000, [&](const json& event) {
            if (!event.is_null()) {
                out.push_back(event);
            }
            return !event.is_null();
        });
    INFO((followed ? std::string() : followed.error().message()));
    REQUIRE(followed);
    return out;
}

std::map<std::string, unsigned> kinds(const std::vector<json>& events) {
    std::map<std::string, unsigned> out;
    for (const json& event : events) {
        out[event["kind"]] += 1;
    }
    return out;
}

}  // namespace

TEST_CASE("why names what was denied, and its advice allows exactly that") {
    Site site;
    site.world.set_name("api.weather.com", {"198.18.0.1"});
    site.world.set_alias("evil.test", "edge.example.net");
    site.world.set_name("edge.example.net", {"198.18.0.2"}, 1);
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    CHECK(why(site)["entries"].empty());
    REQUIRE(reaches(*pod, "api.weather.com"));
    CHECK(why(site)["entries"].empty());

    REQUIRE_FALSE(reaches(*pod, "evil.test", kDenied));
    REQUIRE(eventually([&] { return !why(site)["entries"].empty(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));  // the TTL of the name's address is over
    REQUIRE_FALSE(echoes_from(pod->netns, *IpAddress::parse("198.18.0.2"), kUdpPort, "again", kDenied));
    REQUIRE(eventually([&] { return why(site)["entries"].size() == 2; }));
    const json denials = why(site);
    INFO(denials.dump(1));
    CHECK(denials["deniedPackets"].get<int>() >= 2);
    const json& latest = denials["entries"][0];
    CHECK(latest["protocol"] == "UDP");
    CHECK(latest["remote"] == "198.18.0.2");
    CHECK(latest["names"].back() == "evil.test");
    const json& first = denials["entries"][1];
    CHECK(first["kind"] == "denied");
    CHECK(first["protocol"] == "TCP");
    CHECK(first["remotePort"] == kTcpPort);
    CHECK(first["names"].back() == "evil.test");
    CHECK(first["rule"] == "end of tier default: Deny");
    CHECK(first["now"]["verdict"] == "denied");
    const std::string rule =
        "- {action: Allow, protocol: TCP, destination: {domains: [evil.test], ports: [" + std::to_string(kTcpPort) + "]}}";
    CHECK_THAT(first["now"]["advice"].dump(), Contains("write " + rule + " under egress of GlobalNetworkPolicy weather"));

    CHECK(why(site, "evil.test")["entries"].size() == 2);
    CHECK(why(site, "198.18.0.2:" + std::to_string(kTcpPort))["entries"].size() == 1);
    CHECK(why(site, "evil.test/TCP")["entries"].size() == 1);
    // QUIC to the port of the denied connection: a port alone is of every protocol.
    REQUIRE_FALSE(echoes_from(pod->netns, *IpAddress::parse("198.18.0.2"), kTcpPort, "quic", kDenied));
    const std::string port = "evil.test:" + std::to_string(kTcpPort);
    REQUIRE(eventually([&] { return why(site, port)["entries"].size() == 2; }));
    CHECK(why(site, port + "/UDP")["entries"].size() == 1);
    CHECK(why(site, port + "/TCP")["entries"].size() == 1);
    CHECK(why(site, "api.weather.com")["entries"].empty());
    CHECK_FALSE(site.node.ask_daemon("why", {{"endpoint", "default/none"}}));
    CHECK_FALSE(site.node.ask_daemon("why", {{"endpoint", "default/a"}, {"destination", "a.b:0"}}));

    std::string policy = allow_domains("weather", "app == 'a'", {"api.weather.com"});
    policy.insert(policy.rfind("---"), "  " + rule + "\n");
    site.node.write_policy("weather.yaml", policy);
    REQUIRE(eventually([&] { return why(site, port + "/TCP")["entries"][0]["now"]["verdict"] != "denied"; }));
    CHECK(reaches(*pod, "evil.test"));
    CHECK_FALSE(echoes_from(pod->netns, *IpAddress::parse("198.18.0.2"), kUdpPort, "again", kDenied));
    site.node.remove(*pod);
}

TEST_CASE("a pod whose policy denies its DNS queries: why and status print the rule that allows them, and it does") {
    Site site;
    site.world.set_name("api.weather.com", {"198.18.0.1"});
    const std::string policy =
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: weather}\nspec:\n  selector: app == 'a'\n"
        "  types: [Egress]\n  egress:\n  - {action: Allow, destination: {domains: [api.weather.com]}}\n";
    site.node.write_policy("weather.yaml", policy);
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    const auto other = site.node.add({"b", "default", {}});
    REQUIRE_FALSE(reaches(*pod, "api.weather.com", kDenied));
    REQUIRE_FALSE(connects_from(pod->netns, *IpAddress::parse("198.18.0.1"), kTcpPort, kDenied));
    REQUIRE(eventually([&] { return why(site)["entries"].size() >= 2; }));
    const std::string rule = "- {action: Allow, protocol: UDP, destination: {nets: [192.0.2.1, 192.0.2.53], ports: [53]}}";
    const json entries = why(site)["entries"];
    INFO(entries.dump(1));
    CHECK_THAT(entries[0]["now"]["advice"][0].get<std::string>(), Contains("denies the endpoint's DNS queries"));
    CHECK_THAT(entries[0]["now"]["advice"][1].get<std::string>(),
               Contains("write " + rule + " under egress of GlobalNetworkPolicy weather"));
    const json& query = entries.back();
    CHECK(query["remotePort"] == 53);
    CHECK_THAT(query["now"]["advice"][0].get<std::string>(), Contains("these are the endpoint's DNS queries"));
    CHECK_THAT(query["now"]["advice"].dump(), !Contains("look up"));
    const auto warned = [&] {
        return (*site.node.ask_daemon("status"))["warnings"].dump().find(
                   "the policies of default/a have domains, but allow no DNS query") != std::string::npos;
    };
    CHECK(eventually(warned));

    site.node.write_policy("weather.yaml", policy + "  " + rule + "\n");
    CHECK(eventually([&] { return reaches(*pod, "api.weather.com", kDenied); }));
    CHECK(eventually([&] { return !warned(); }));
    site.node.remove(*pod);
    site.node.remove(*other);
}

TEST_CASE("a stream may begin in the past, and has the events of the node too") {
    Site site;
    site.world.set_name("evil.test", {"198.18.0.2"});
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    const auto other = site.node.add({"b", "other", {{"app", "a"}}});
    REQUIRE_FALSE(reaches(*pod, "evil.test", kDenied));
    REQUIRE_FALSE(reaches(*other, "evil.test", kDenied));
    site.node.write_policy("broken.yaml", "kind: nothing\n");
    REQUIRE(eventually([&] { return kinds(past_events(site, json::object())).count("policy-refused") > 0; }));
    site.node.remove(*other);
    auto seen = kinds(past_events(site, json::object()));
    CHECK(seen["denied"] >= 2);
    CHECK(seen["endpoint-added"] >= 2);
    CHECK(seen["endpoint-removed"] >= 1);
    CHECK(seen["daemon-started"] == 1);
    const auto own = past_events(site, {{"denied", true}, {"namespace", "other"}, {"name", "*.test"}, {"rule", "end of tier"}});
    REQUIRE_FALSE(own.empty());
    for (const json& event : own) {
        CHECK(event["kind"] == "denied");
        CHECK(event["pod"] == "b");
        CHECK(event["formatVersion"] == 1);
        CHECK(event["names"] == json{"evil.test"});
    }
    CHECK(past_events(site, {{"denied", true}, {"pod", "c"}}).empty());
    CHECK_FALSE(site.node.ask_daemon("monitor", {{"name", "*"}, {"sinceSeconds", -1}}));
    site.node.remove(*pod);
}
