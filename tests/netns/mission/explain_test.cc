// SPDX-License-Identifier: Apache-2.0
// `namegatectl explain` reports what the pod observes, with the reason.
#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "api/client.h"
#include "site.h"

using namespace namegate;
using namespace namegate::test;
using Catch::Contains;

namespace {

constexpr const char* kStaged =
    "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\nmetadata: {name: stricter}\nspec:\n  order: 1\n"
    "  selector: app == 'a'\n  types: [Egress]\n  egress:\n  - {action: Deny, protocol: TCP}\n";

nlohmann::json explain(const Site& site, const std::string& destination, const std::string& direction = "egress") {
    const auto reply = site.node.ask_daemon("explain", {{"endpoint", "default/a"}, {"destination", destination}, {"direction", direction}});
    REQUIRE(reply);
    return *reply;
}

std::string reason(const nlohmann::json& explained) {
    REQUIRE(explained["results"].size() == 1);
    return explained["results"][0]["reason"];
}

}  // namespace

TEST_CASE("explain agrees with what the pod observes, before and after a lookup") {
    Site site;
    site.world.set_alias("api.weather.com", "edge.example.net");
    site.world.set_name("edge.example.net", {"198.18.0.1"});
    site.world.set_name("evil.com", {"198.18.0.2"});
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}) + kStaged);
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});

    const auto unknown = explain(site, "api.weather.com");
    CHECK(unknown["allowed"] == false);
    CHECK(unknown["verdict"] == "after lookup");
    CHECK(unknown["results"][0]["staged"]["verdict"] == "denied");
    CHECK_THAT(unknown["results"][0]["advice"].dump(),
               Contains("the endpoint has to look up api.weather.com at one of the trusted servers 192.0.2.1, 192.0.2.53, 2001:db8::53"));
    CHECK(unknown["results"][0]["address"] == "");
    CHECK_THAT(unknown["notes"].dump(), Contains("did not look up api.weather.com recently"));
    CHECK(explain(site, "198.18.0.1")["allowed"] == false);

    REQUIRE(reaches(*pod, "api.weather.com"));
    REQUIRE(reaches(*pod, "evil.com", kDenied) == false);
    const auto known = explain(site, "api.weather.com");
    CHECK(known["allowed"] == true);
    CHECK(known["verdict"] == "allowed");
    CHECK(known["results"][0]["address"] == "198.18.0.1");
    CHECK(known["results"][0]["patterns"] == nlohmann::json{"api.weather.com"});
    CHECK_THAT(reason(known), Contains("GlobalNetworkPolicy weather[1] allows it") && Contains("by the domain api.weather.com"));
    CHECK(explain(site, "198.18.0.1")["results"][0]["names"] == nlohmann::json({"edge.example.net", "api.weather.com"}));
    CHECK(known["results"][0]["staged"]["allowed"] == false);
    CHECK_THAT(known["results"][0]["staged"]["reason"].get<std::string>(), Contains("StagedGlobalNetworkPolicy stricter[0]"));

    REQUIRE(echoes_from(pod->netns, *IpAddress::parse("198.18.0.1"), kUdpPort, "hello", kPatience));
    const auto rules = site.node.ask_daemon("policies", {{"endpoint", "default/a"}});
    REQUIRE(rules);
    const nlohmann::json& staged = (*rules)["egress"]["staged"];
    CHECK(staged["rules"][0]["staged"] == true);
    CHECK(staged["rules"][1]["staged"] == false);
    CHECK(staged["deniedFlows"].get<int>() >= 1);  // the connection of reaches(), not the datagram
    CHECK(staged["liveFlows"].get<int>() > staged["deniedFlows"].get<int>());
    CHECK(staged["example"] == "198.18.0.1:" + std::to_string(kTcpPort) + "/TCP");
    CHECK((*rules)["ingress"]["staged"].is_null());

    const auto evil = explain(site, "evil.com");
    CHECK(evil["allowed"] == false);
    CHECK(evil["results"][0]["address"] == "198.18.0.2");
    CHECK(explain(site, "198.18.0.1", "ingress")["results"][0]["reason"] ==
          "no policy selects the endpoint in this direction, so it is open");
    CHECK_FALSE(site.node.ask_daemon("explain", {{"endpoint", "default/a"}, {"destination", "evil.com"}, {"direction", "ingress"}}));
    CHECK_FALSE(site.node.ask_daemon("explain", {{"endpoint", "default/a"}, {"destination", "a.b:0"}}));
    site.node.remove(*pod);
}

TEST_CASE("staged reports what staged policies would have denied and allowed, by endpoint and name, since they were staged") {
    Site site;
    site.world.set_name("api.weather.com", {"198.18.0.1"});
    site.world.set_name("api.lab.test", {"198.18.0.2"});
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    const auto other = site.node.add({"b", "default", {{"app", "b"}}});
    const auto report = [&site](const std::string& endpoint = "") {
        const auto reply =
            site.node.ask_daemon("staged", endpoint.empty() ? nlohmann::json::object() : nlohmann::json{{"endpoint", endpoint}});
        REQUIRE(reply);
        return nlohmann::json(*reply);
    };
    CHECK(report()["policies"] == 0);
    REQUIRE(reaches(*pod, "api.weather.com"));
    CHECK(report()["entries"].empty());

    // It would deny what the other policy allows, and allow the lab.
    site.node.write_policy("lab.yaml",
                           "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\nmetadata: {name: lab}\nspec:\n  order: 1\n"
                           "  selector: has(app)\n  types: [Egress]\n  egress:\n"
                           "  - {action: Allow, destination: {domains: ['*.lab.test']}}\n  - {action: Deny, protocol: TCP}\n");
    REQUIRE(eventually([&] { return report()["policies"] == 1; }));
    const std::string since = report()["since"];
    CHECK_FALSE(since.empty());
    const auto find = [&report](const std::string& endpoint, const std::string& name, const std::string& verdict) {
        const nlohmann::json own = report(endpoint);
        for (const nlohmann::json& entry : own["entries"]) {
            if (!entry["names"].empty() && entry["names"].back() == name && entry["verdict"] == verdict && entry["endpoint"] == endpoint) {
                return entry;
            }
        }
        return nlohmann::json();
    };
    CHECK(eventually([&] {
        CHECK(reaches(*pod, "api.weather.com"));
        return !find("default/a", "api.weather.com", "denied").is_null();
    }));
    CHECK(eventually([&] {
        CHECK_FALSE(reaches(*pod, "api.lab.test", kDenied));
        return !find("default/a", "api.lab.test", "allowed").is_null();
    }));
    // Of an endpoint that no policy in force selects, too.
    CHECK(eventually([&] {
        CHECK(reaches(*other, "api.weather.com"));
        return !find("default/b", "api.weather.com", "denied").is_null();
    }));
    INFO(report().dump());
    const nlohmann::json denied = find("default/a", "api.weather.com", "denied");
    CHECK(denied["rule"] == "lab[1]");
    CHECK(denied["count"] >= 1);
    CHECK(denied["firstTime"].get<std::string>() >= since);
    CHECK(find("default/a", "api.lab.test", "allowed")["rule"] == "lab[0]");
    const nlohmann::json own = report("default/a");
    for (const nlohmann::json& entry : own["entries"]) {
        CHECK(entry["endpoint"] == "default/a");
    }

    // A change of another file does not begin the report again; the end of staging ends it.
    site.node.write_policy("other.yaml", allow_domains("other", "app == 'c'", {"x.test"}));
    site.node.remove(*other);
    REQUIRE(eventually([&] { return report()["entries"].size() == report("default/a")["entries"].size(); }));
    CHECK(report()["since"] == since);
    site.node.remove_policy("lab.yaml");
    CHECK(eventually([&] { return report()["policies"] == 0 && report()["entries"].empty(); }));
    site.node.remove(*pod);
}

TEST_CASE("monitor prints what a staged policy with domains would do with what is denied") {
    Site site;
    site.world.set_alias("api.lab.test", "edge.example.net");
    site.world.set_name("edge.example.net", {"198.18.0.1"});
    site.world.set_name("evil.test", {"198.18.0.2"});
    site.node.write_policy("dns.yaml", allow_domains("dns", "app == 'a'", {"other.test"}) +
                                           "---\napiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\nmetadata: {name: lab}\n"
                                           "spec: {selector: all(), types: [Egress], egress: [{action: Allow, destination: {domains: "
                                           "['*.lab.test']}}]}\n");
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    std::mutex mutex;
    std::map<std::string, nlohmann::json> staged;  // by remote address
    std::map<std::string, nlohmann::json> names;
    std::thread follower([&] {
        static_cast<void>(api::follow_daemon(site.node.folder() + "/state/namegated.sock", {"monitor", {{"denied", true}}}, 5000,
                                             [&](const nlohmann::json& event) {
                                                 if (event.is_null()) {
                                                     return true;
                                                 }
                                                 const std::lock_guard<std::mutex> guard(mutex);
                                                 staged[event["remote"]] = event["staged"];
                                                 names[event["remote"]] = event.value("names", nlohmann::json());
                                                 return true;
                                             }));
    });
    const bool told = eventually([&] {
        CHECK_FALSE(reaches(*pod, "api.lab.test", kDenied));
        CHECK_FALSE(reaches(*pod, "evil.test", kDenied));
        const std::lock_guard<std::mutex> guard(mutex);
        return staged.size() == 2;
    });
    site.node.remove(*pod);
    site.node.stop_daemon();
    follower.join();
    REQUIRE(told);
    CHECK(staged["198.18.0.1"] == nlohmann::json{{"allowed", true}, {"rule", "lab[0]"}, {"byStaged", true}});
    CHECK(staged["198.18.0.2"]["allowed"] == false);
    CHECK(names["198.18.0.1"] == nlohmann::json{"edge.example.net", "api.lab.test"});
    CHECK(names["198.18.0.2"] == nlohmann::json{"evil.test"});
}
