// SPDX-License-Identifier: Apache-2.0
// The purpose of namegate: pods reach the names that their policy allows and nothing else, other pods are not affected, and the four
// published forms of such a policy work exactly as written.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

std::string example(const std::string& name) {
    std::ifstream file(std::string(NAMEGATE_EXAMPLES) + "/" + name);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

struct Example {
    const char* file;
    std::vector<PodSpec> selected;
    PodSpec untouched;
    std::vector<std::string> allowed;
    std::vector<std::string> denied;
};

const PodSpec kLabelled = {"weather", "default", {{"app", "weather-app"}}};
const PodSpec kLabelledElsewhere = {"weather", "elsewhere", {{"app", "weather-app"}}};
const PodSpec kPlain = {"plain", "default", {}};

// (a) to (d), in their order.
std::vector<Example> examples() {
    return {
        {"global-network-policy.yaml",
         {kLabelled, kLabelledElsewhere},
         kPlain,
         {"api.weather.com"},
         {"weather.com", "www.api.weather.com", "somewebsite.com", "evil.com"}},
        {"network-policy.yaml",
         {kLabelled, kPlain},
         kLabelledElsewhere,
         {"api.weather.com"},
         {"weather.com", "www.api.weather.com", "somewebsite.com", "evil.com"}},
        {"global-network-set.yaml",
         {kLabelled, kLabelledElsewhere},
         kPlain,
         {"somewebsite.com", "api.anothersite.com"},
         {"www.somewebsite.com", "anothersite.com", "a.b.anothersite.com", "api.weather.com", "evil.com"}},
        {"network-set.yaml",
         {kLabelled},
         kLabelledElsewhere,
         {"somewebsite.com", "api.anothersite.com", "a.b.anothersite.com"},
         {"www.somewebsite.com", "anothersite.com", "api.weather.com", "evil.com"}},
    };
}

void expect_denied(const Pod& pod, const std::vector<std::string>& names) {
    std::vector<IpAddress> addresses;
    for (const std::string& name : names) {
        const auto answer = resolve(pod, name);
        REQUIRE(answer);
        REQUIRE(answer->addresses.size() == 1);
        addresses.push_back(answer->addresses[0]);
    }
    CHECK(count_connected(pod.netns, addresses, kTcpPort, kDenied) == 0);
}

}  // namespace

TEST_CASE("a pod under policy reaches only api.weather.com; its neighbours are not affected") {
    const bool with_daemon = GENERATE(true, false);
    INFO(with_daemon);
    Site site;
    site.world.set_alias("api.weather.com", "edge7.weather.example.net");
    site.world.set_name("edge7.weather.example.net", {"198.18.0.1", "2001:db8:1::1"});
    site.world.set_name("evil.com", {"198.18.0.2", "2001:db8:1::2"});
    site.node.write_policy("weather.yaml", example("global-network-policy.yaml"));
    if (with_daemon) {
        site.node.start_daemon();
    }
    const auto a = site.node.add({"a", "default", {{"app", "weather-app"}}});
    const auto b = site.node.add({"b", "default", {}});
    const auto c = site.node.add({"c", "default", {{"app", "weather-app"}}});

    CHECK(reaches(*a, "api.weather.com"));
    CHECK_FALSE(connects_from(a->netns, ip("2001:db8:1::1"), kTcpPort, kDenied));  // its AAAA was not looked up
    REQUIRE(resolve(*a, "api.weather.com", kTypeAaaa));
    CHECK(connects_from(a->netns, ip("2001:db8:1::1"), kTcpPort, kBeforeRepeat));
    CHECK_FALSE(reaches(*a, "evil.com", kDenied));
    CHECK_FALSE(connects_from(a->netns, ip("198.18.0.3"), kTcpPort, kDenied));
    CHECK_FALSE(echoes_from(a->netns, ip("198.18.0.3"), kUdpPort, "a", kDenied));
    CHECK_FALSE(echoes_from(a->netns, ip("2001:db8:1::3"), kUdpPort, "a", kDenied));

    // B has no policy: it reaches everything, looked up or not.
    CHECK(reaches(*b, "api.weather.com"));
    CHECK(reaches(*b, "evil.com"));
    CHECK(connects_from(b->netns, ip("198.18.0.3"), kTcpPort, kBeforeRepeat));
    CHECK(echoes_from(b->netns, ip("2001:db8:1::3"), kUdpPort, "b", kPatience));

    // C is under A's policy, and what A and B looked up opens nothing for it.
    CHECK_FALSE(connects_from(c->netns, ip("198.18.0.1"), kTcpPort, kDenied));
    CHECK_FALSE(connects_from(c->netns, ip("2001:db8:1::1"), kTcpPort, kDenied));
    CHECK(reaches(*c, "api.weather.com"));
    for (const auto* pod : {&a, &b, &c}) {
        site.node.remove(**pod);
    }
    CHECK(site.node.state() == "");
}

TEST_CASE("the four example files, unchanged") {
    Site site;
    unsigned host = 0x10;
    for (const char* name : {"api.weather.com", "weather.com", "www.api.weather.com", "somewebsite.com", "www.somewebsite.com",
                             "anothersite.com", "api.anothersite.com", "a.b.anothersite.com", "evil.com"}) {
        site.world.set_name(name, {World::fresh_address(host++, false).to_string()});
    }
    for (const Example& row : examples()) {
        INFO(row.file);
        site.node.write_policy("example.yaml", example(row.file));
        for (const PodSpec& spec : row.selected) {
            INFO(spec.name_space << "/" << spec.name);
            const auto pod = site.node.add(spec);
            for (const std::string& name : row.allowed) {
                INFO(name);
                CHECK(reaches(*pod, name));
            }
            expect_denied(*pod, row.denied);
            site.node.remove(*pod);
        }
        const auto free = site.node.add(row.untouched);
        CHECK(reaches(*free, "evil.com"));
        CHECK(reaches(*free, "api.weather.com"));
        site.node.remove(*free);
    }
    CHECK(site.node.state() == "");
}
