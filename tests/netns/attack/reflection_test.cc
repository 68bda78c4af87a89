// SPDX-License-Identifier: Apache-2.0
// An accomplice makes a server that the pod may not reach reply to the pod. That does not let the pod reply.
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "attacker.h"

namespace reflection_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kPodPort = 4300;
const char* server_of(bool v6) { return v6 ? "2001:db8:1::5" : "198.18.0.5"; }

}  // namespace

TEST_CASE("a server's reply to an accomplice's SYN or echo in the pod's name does not open the server to the pod") {
    Site site;
    site.world.set_name("allowed.test", {"198.18.9.9"});
    site.node.write_policy("p.yaml", allow_domains("p", "app == \"p\"", {"allowed.test"}));
    AttackPod pod(site.node, "p", "p");
    silence_kernel(pod.pod->netns);
    Outsider outside(site.world);
    // Towards the servers, whose replies the world's machine sends to the pod by itself.
    const RawSocket accomplice("uplink", ETH_P_ALL);
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        const std::string server = server_of(v6);
        const auto in_its_name = [&] { return Packet().ethernet(outside.node_mac, outside.mac).ip(pod.own(v6), server); };
        const auto own = [&] { return pod.frame().ip(pod.own(v6), server); };
        accomplice.send(in_its_name().tcp(kPodPort, kTcpPort).sequence(1).build());
        const auto answer = wait_for_segment(pod.wire, kTcpPort, kPodPort, kSyn | kAck, kPatience);
        REQUIRE(answer);
        pod.wire.send(own().tcp(kPodPort, kTcpPort, kAck | kPsh).sequence(2, answer->sequence + 1).payload("secrets by TCP").build());
        accomplice.send(in_its_name().icmp(v6 ? 128 : 8, 0, 0x70001).payload("echo of the accomplice").build());
        REQUIRE(wait_for_icmp(pod.wire, pod.own(v6), v6 ? 129 : 0, kPatience));
        pod.wire.send(own().icmp(v6 ? 128 : 8, 0, 0x70002).payload("secrets by echo").build());
    }
    CHECK_FALSE(outside.wire.saw("secrets by", kSettled));
    site.node.remove(*pod.pod);
    CHECK(site.node.state() == "");
}

}  // namespace reflection_test
