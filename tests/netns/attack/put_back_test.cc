// SPDX-License-Identifier: Apache-2.0
// A frame that is held for a pod goes to no other pod when the pod is gone and another one has its interface number.
#include <catch2/catch.hpp>
#include <thread>

#include "attacker.h"
#include "held_kinds.h"
#include "site.h"

using namespace namegate;
using namespace namegate::test;

TEST_CASE("a held response of a removed pod does not reach the pod that now has the number of its interface") {
    Site site;
    site.world.set_script(answer_held);
    site.node.write_policy("policy.yaml", kHeldPolicy);
    site.node.start_daemon();
    const auto pod = site.node.add({"gone", "default", {}});
    const std::string number = must_run("cat /sys/class/net/" + pod->host_ifname + "/ifindex | tr -d '\n'");
    const std::string name = held_name('m', World::take_indexes(1));
    const std::string label = name.substr(0, name.find('.'));
    REQUIRE(site.node.ask_daemon("status"));
    const TestNetns stranger;
    {
        Pause pause(site.node);
        CHECK_FALSE(ask_from(pod->netns, {name, kTypeA, kServer4, 53, kDenied}));
        site.node.remove(*pod);
        must_run("ip link add stranger index " + number + " type veth peer name eth0 netns " + stranger.name() +
                 " && ip link set stranger up");
        stranger.must("ip link set eth0 up");
        RawSocket wire = RawSocket::inside(stranger, "eth0");
        pause.end();
        CHECK_FALSE(wire.saw(label, kDenied));
    }
    must_run("ip link del stranger");
    CHECK(site.node.state() == "");
}
