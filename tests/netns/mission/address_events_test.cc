// SPDX-License-Identifier: Apache-2.0
// The events of addresses that names open and that expire; and what is said when addresses find no room.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "event_stream.h"
#include "site.h"

using namespace namegate;
using namespace namegate::test;
using Catch::Matchers::Contains;

namespace {

using nlohmann::json;

constexpr std::uint32_t kTtl = 3;
constexpr unsigned kRoom = 16;

std::vector<json> events_of(EventStream& stream, const std::string& address) {
    return stream.events([&](const json& event) { return event.value("address", "") == address; });
}

json explain(const Site& site, const std::string& destination) {
    return site.node.ask_daemon("explain", {{"endpoint", "default/a"}, {"destination", destination}}).value();
}

}  // namespace

TEST_CASE("monitor --addresses shows an address when its name opens it, and when it expires, but not what was open before") {
    Site site;
    const std::string before = World::fresh_address(World::take_indexes(1), false).to_string();
    const std::string one = World::fresh_address(World::take_indexes(1), false).to_string();
    site.world.set_name("before.test", {before}, 300);
    site.world.set_name("one.test", {one}, kTtl);
    site.node.write_policy("p.yaml", allow_domains("p", "all()", {"*.test"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {}});
    REQUIRE(resolve(*pod, "before.test"));
    EventStream stream(site, {{"addresses", true}});
    // The stream has begun when an address that opens now has its event.
    unsigned rounds = 0;
    REQUIRE(eventually([&] {
        const std::string probe = World::fresh_address(World::take_indexes(1), false).to_string();
        const std::string name = "probe" + std::to_string(rounds++) + ".test";
        site.world.set_name(name, {probe}, 300);
        static_cast<void>(resolve(*pod, name));
        return eventually([&] { return !events_of(stream, probe).empty(); }, Milliseconds(2500));
    }));
    REQUIRE(resolve(*pod, "one.test"));
    REQUIRE(eventually([&] { return events_of(stream, one).size() == 2; }));
    const std::vector<json> events = events_of(stream, one);
    INFO(events[0].dump(1) << events[1].dump(1));
    CHECK(events[0]["kind"] == "address-opened");
    CHECK(events[1]["kind"] == "address-expired");
    for (const json& event : events) {
        CHECK(event["endpoint"] == "default/a");
        CHECK(event["names"] == json::array({"one.test"}));
    }
    CHECK(events[0]["time"].get<std::string>() < events[0]["expires"].get<std::string>());
    CHECK(events[1]["time"].get<std::string>() <= events[1]["expires"].get<std::string>());
    CHECK(events_of(stream, before).empty());
    site.node.remove(*pod);
}

TEST_CASE("an address that finds no room is named by status and explain, until its TTL ends or there is room") {
    Site site("limits: {learntAddressesPerEndpoint: " + std::to_string(kRoom) + "}\n");
    std::vector<std::string> names;
    for (unsigned i = 0; i <= kRoom; ++i) {
        names.push_back("n" + std::to_string(i) + ".test");
        site.world.set_name(names.back(), {World::fresh_address(World::take_indexes(1), false).to_string()}, i == kRoom ? kTtl * 4 : 300);
    }
    site.node.write_policy("p.yaml", allow_domains("p", "all()", {"*.test"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {}});
    for (unsigned i = 0; i < kRoom; ++i) {
        REQUIRE(reaches(*pod, names[i]));
    }
    CHECK(site.node.ask_daemon("status")->at("healthy") == true);
    CHECK_FALSE(reaches(*pod, names[kRoom], kDenied));
    json status;
    REQUIRE(eventually([&] {
        status = site.node.ask_daemon("status").value();
        return status["healthy"] == false;
    }));
    REQUIRE(status["degraded"].size() == 1);
    CHECK_THAT(status["degraded"][0].get<std::string>(), Contains("addresses of " + names[kRoom] + " found no room for default/a") &&
                                                             Contains("limits.learntAddressesPerEndpoint is 16"));
    const json later = explain(site, names[kRoom]);
    CHECK(later["verdict"] == "after lookup");
    CHECK_THAT(later["results"][0]["advice"][0].get<std::string>(),
               Contains("the endpoint has looked up " + names[kRoom] +
                        ", and its addresses found no room: raise limits.learntAddressesPerEndpoint"));
    CHECK(explain(site, names[0])["verdict"] == "allowed");
    CHECK(eventually([&] { return site.node.ask_daemon("status")->at("healthy") == true; }, Milliseconds(kTtl * 4 * 1000 + 10'000)));
    site.node.remove(*pod);
}
