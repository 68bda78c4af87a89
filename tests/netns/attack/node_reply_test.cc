// SPDX-License-Identifier: Apache-2.0
// What the node sends because of a packet with a forged source does not let a closed pod reply, with one exception: a datagram of a
// UDP server cannot be distinguished from one that begins an exchange (docs/limits.md).
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "attacker.h"

namespace node_reply_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kPodPort = 4000;

}  // namespace

TEST_CASE("the node's replies to requests in a closed pod's name do not let the pod send") {
    Site site;
    allow_forged_sources();
    site.node.write_policy("closed.yaml", kClosedPolicy);
    AttackPod closed(site.node, "closed", "closed");
    PastPrograms past(closed);
    const Outsider outside(site.world);
    SECTION("echo replies") {
        for (const bool v6 : {false, true}) {
            INFO((v6 ? "IPv6" : "IPv4"));
            const std::string node = v6 ? kNodeAddress6 : kNodeAddress4;
            outside.wire.send(outside.frame().ip(closed.own(v6), node).icmp(v6 ? 128 : 8, 0, 0x70001).payload("forged echo").build());
            REQUIRE(wait_for_icmp(closed.wire, closed.own(v6), v6 ? 129 : 0, kPatience));
            closed.wire.send(closed.frame().ip(closed.own(v6), node).icmp(v6 ? 128 : 8, 0, 0x70002).payload("echo of the pod").build());
            CHECK_FALSE(past.saw("echo of the pod"));
        }
    }
    SECTION("a timestamp reply") {
        outside.wire.send(outside.frame().ip(closed.v4, kNodeAddress4).icmp(13, 0, 0x70001).payload(Bytes(12, 0)).build());
        REQUIRE(wait_for_icmp(closed.wire, closed.v4, 14, kPatience));
        closed.wire.send(closed.frame().ip(closed.v4, kNodeAddress4).icmp(15, 0).payload("any other ICMP").build());
        CHECK_FALSE(past.saw("any other ICMP"));
    }
    site.node.remove(*closed.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("a UDP server of the node that replies in a closed pod's name opens this one port, as docs/limits.md says") {
    Site site;
    allow_forged_sources();
    site.node.write_policy("closed.yaml", kClosedPolicy);
    AttackPod closed(site.node, "closed", "closed");
    PastPrograms past(closed);
    const Outsider outside(site.world);
    const Fd server = open_socket(AF_INET6, SOCK_DGRAM);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(kUdpPort);
    REQUIRE(::bind(server.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
    outside.wire.send(outside.frame().ip(closed.v6, kNodeAddress6).udp(kPodPort, kUdpPort).payload("forged").build());
    REQUIRE(hears(server, "forged", kPatience));
    send_to(server, closed.v6, kPodPort, "reply");
    REQUIRE(closed.wire.saw("reply", kPatience));
    closed.wire.send(closed.frame().ip(closed.v6, kNodeAddress6).udp(kPodPort, kUdpPort).payload("of the pod").build());
    CHECK(past.saw("of the pod"));
    closed.wire.send(closed.frame().ip(closed.v6, kNodeAddress6).udp(kPodPort, kUdpPort + 1).payload("elsewhere").build());
    CHECK_FALSE(past.saw("elsewhere"));
    site.node.remove(*closed.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("a redirect of the node that the pod's own packet caused does not open ICMP to the node") {
    Site site;
    // A packet to itself by way of the node comes back, with advice to send it directly.
    site.node.write_policy("policy.yaml",
                           "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: udp}\n"
                           "spec: {selector: app == \"udp\", types: [Ingress, Egress], egress: [{action: Allow, protocol: UDP}]}\n");
    AttackPod pod(site.node, "udp", "udp");
    PastPrograms past(pod);
    pod.wire.send(pod.frame().ip(pod.v4, pod.v4).udp(kPodPort, kPodPort).payload("to itself").build());
    const auto redirect = wait_for_icmp(pod.wire, pod.v4, 5, Milliseconds(1000));
    if (redirect) {
        const std::string node = source_of(*redirect);
        pod.wire.send(pod.frame().ip(pod.v4, node).icmp(13, 0).payload("any other ICMP to the node").build());
        CHECK_FALSE(past.saw("any other ICMP to the node"));
    } else {
        WARN("the node sent no redirect");
    }
    site.node.remove(*pod.pod);
    CHECK(site.node.state() == "");
}

}  // namespace node_reply_test
