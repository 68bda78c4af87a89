// SPDX-License-Identifier: Apache-2.0
// Policy files change while pods run: what a change opens is open, what it closes is closed, also for established connections; a
// file that is wrong changes nothing.
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

const PodSpec kClient = {"client", "default", {{"app", "client"}}};

std::string policy(const std::vector<std::string>& domains, const std::string& name = "edited") {
    return allow_domains(name, "app == \"client\"", domains);
}

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

// A connection that stays; invalid when the name cannot be reached.
Fd hold_connection(const Pod& pod, const std::string& name) {
    const auto answer = resolve(pod, name);
    if (!answer || answer->addresses.empty()) {
        return {};
    }
    Fd tcp = socket_inside(pod.netns, AF_INET, SOCK_STREAM);
    if (!connect_to(tcp, answer->addresses[0], kTcpPort, kBeforeRepeat).connected || !echoes(tcp, "hello", kPatience)) {
        return {};
    }
    return tcp;
}

bool is_cut(const Fd& tcp) {
    return eventually([&tcp] { return !echoes(tcp, "still there?", Milliseconds(400)); });
}

void set_names(World& world, std::uint32_t ttl = 60) {
    world.set_name("one.test", {"198.18.0.1"}, ttl);
    world.set_name("two.test", {"198.18.0.2"}, ttl);
    world.set_name("three.test", {"198.18.0.3"}, ttl);
}

}  // namespace

TEST_CASE("a tightened policy takes effect, and cuts the connections it would not allow") {
    Site site;
    set_names(site.world);
    site.node.write_policy("policy.yaml", policy({"one.test", "two.test"}));
    site.node.start_daemon();
    const auto pod = site.node.add(kClient);
    const Fd one = hold_connection(*pod, "one.test");
    const Fd two = hold_connection(*pod, "two.test");
    REQUIRE((one.valid() && two.valid()));
    CHECK_FALSE(reaches(*pod, "three.test", kDenied));

    site.node.write_policy("policy.yaml", policy({"one.test"}));
    CHECK(is_cut(two));
    CHECK(echoes(one, "and this one stays", kPatience));
    CHECK_FALSE(reaches(*pod, "two.test", kDenied));
    CHECK(reaches(*pod, "one.test"));

    // Widened again; a name looked up before it was in the policy needs no second lookup.
    REQUIRE(resolve(*pod, "three.test"));
    CHECK_FALSE(connects_from(pod->netns, ip("198.18.0.3"), kTcpPort, kDenied));
    site.node.write_policy("policy.yaml", policy({"one.test", "three.test"}));
    CHECK(eventually([&] { return connects_from(pod->netns, ip("198.18.0.3"), kTcpPort, kDenied); }));
    CHECK(echoes(one, "through all of it", kPatience));

    // Without the file no policy selects the pod.
    site.node.remove_policy("policy.yaml");
    CHECK(eventually([&] { return reaches(*pod, "two.test", kDenied); }));
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
    site.node.stop_daemon();
}

TEST_CASE("a connection outlives its name's TTL and other edits, but not its rule") {
    Site site("dnsMinTTL: 1\ndnsMaxTTL: 2\n");
    set_names(site.world, 1);
    site.node.write_policy("policy.yaml", policy({"one.test"}));
    site.node.start_daemon();
    const auto pod = site.node.add(kClient);
    const Fd one = hold_connection(*pod, "one.test");
    REQUIRE(one.valid());
    CHECK(eventually([&] { return !connects_from(pod->netns, ip("198.18.0.1"), kTcpPort, kDenied); }));
    CHECK(echoes(one, "the TTL has passed", kPatience));

    site.node.write_policy("policy.yaml", policy({"one.test", "two.test"}));
    CHECK(eventually([&] { return reaches(*pod, "two.test", kDenied); }));
    CHECK(echoes(one, "rule and domain are still there", kPatience));
    CHECK_FALSE(connects_from(pod->netns, ip("198.18.0.1"), kTcpPort, kDenied));

    site.node.write_policy("policy.yaml", policy({"two.test"}));
    CHECK(is_cut(one));
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
    site.node.stop_daemon();
}

TEST_CASE("a file that is wrong leaves its last good content in force, and others are read") {
    Site site;
    set_names(site.world);
    site.node.write_policy("policy.yaml", policy({"one.test"}));
    site.node.start_daemon();
    const auto pod = site.node.add(kClient);
    const Fd one = hold_connection(*pod, "one.test");
    REQUIRE(one.valid());
    const std::vector<std::string> wrong = {
        "kind: [unfinished\n",
        policy({"https://one.test/path"}),
        "\tspec: {}\n",
        std::string("\0\xff garbage", 10),
        policy({"two.test"}) + "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolitik\nmetadata: {name: x}\n",
    };
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        INFO(wrong[i]);
        site.node.write_policy("policy.yaml", wrong[i]);
        // A later change is in force, so the file was read.
        const std::string marker = "marker" + std::to_string(i) + ".test";
        const std::string address = World::fresh_address(0x80 + static_cast<unsigned>(i), false).to_string();
        site.world.set_name(marker, {address});
        site.node.write_policy("zz-marker.yaml", policy({marker}, "marker"));
        CHECK(eventually([&] { return reaches(*pod, marker, kDenied); }));
        CHECK(reaches(*pod, "one.test"));
        CHECK_FALSE(reaches(*pod, "two.test", kDenied));
        CHECK(echoes(one, "undisturbed", kPatience));
    }
    site.node.write_policy("policy.yaml", policy({"two.test"}));
    CHECK(eventually([&] { return reaches(*pod, "two.test", kDenied); }));
    CHECK_FALSE(reaches(*pod, "one.test", kDenied));
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
    site.node.stop_daemon();
}
