// SPDX-License-Identifier: Apache-2.0
// A bridge whose packets the node's firewall sees (br_netfilter), as Kubernetes asks for: it reassembles, tracks and splits what
// crosses the bridge, and none of that becomes the node's own.
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "attacker.h"
#include "bridged_pod.h"
#include "cut_datagram.h"

namespace node_bridge_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kPort = 4000;

// Larger than the bridge's MTU of 1500, so that they are split again.
constexpr Cut kCuts[] = {
    {"IPv4, alike", 1700, false, false},
    {"IPv4, options on the first only", 1700, false, true},
    {"IPv6, alike", 1700, true, false},
    {"IPv6, headers on the first only", 1700, true, true},
};

// The node and the pod know each other's hardware addresses, so neighbour discovery is left out.
void introduce(const BridgedPod& pod) {
    const std::string node_mac = must_run("tr -d '\\n' < /sys/class/net/" + std::string(kBridge) + "/address");
    must_run("ip neighbour replace " + pod.v6 + " lladdr $(ip netns exec " + pod.netns.name() +
             " cat /sys/class/net/eth0/address) nud permanent dev " + kBridge);
    pod.netns.must("ip neighbour replace " + pod.gateway6 + " lladdr " + node_mac + " nud permanent dev eth0");
}

// A datagram to the port, and echo both ways.
void node_reaches(const std::string& address, const Fd& in_pod) {
    const Fd udp = open_socket(IpAddress::parse(address)->is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM);
    send_to(udp, address, kPort, "of the node");
    CHECK(hears(in_pod, "of the node", kPatience));
    CHECK(run_command("ping -c 1 -W 2 " + address).status == 0);
}

}  // namespace

TEST_CASE("across a bridge with br_netfilter, what a neighbour sends does not count as the node's own, and what the node sends does") {
    Site site;
    site.node.write_policy("closed.yaml", kClosedPolicy);
    std::optional<Bridge> bridge;
    bridge.emplace();
    if (run_command("echo 1 | tee /proc/sys/net/bridge/bridge-nf-call-iptables > /proc/sys/net/bridge/bridge-nf-call-ip6tables").status !=
        0) {
        WARN("this kernel has no br_netfilter");
        return;
    }
    std::optional<Firewall> firewall;
    firewall.emplace();
    BridgedPod closed(site.node, "one", "closed");
    BridgedPod open(site.node, "two", "open");
    BridgedPod other(site.node, "three", "open");
    std::uint16_t port = kPort;
    for (const Cut& cut : kCuts) {
        INFO(cut.name);
        ++port;
        const int family = cut.v6 ? AF_INET6 : AF_INET;
        const Fd at_open = bound_udp(open.netns, family, port);
        const Fd at_closed = bound_udp(closed.netns, family, port);
        for (const BridgedPod* to : {&closed, &open}) {
            const Packet link = other.frame_to(*to);
            send_cut(*other.wire, link, other.own(cut.v6), to->own(cut.v6), port, "in fragments", cut);
            other.wire->send(Packet(link).ip(other.own(cut.v6), to->own(cut.v6)).udp(port, port).payload("whole").build());
        }
        CHECK(hears(at_open, "in fragments", kPatience));
        CHECK(hears(at_open, "whole", kPatience));
        CHECK_FALSE(hears(at_closed, "in fragments", kSettled));
        CHECK_FALSE(hears(at_closed, "whole", kSettled));
    }
    introduce(closed);
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        node_reaches(closed.own(v6), bound_udp(closed.netns, v6 ? AF_INET6 : AF_INET, kPort));
    }
    site.node.start_daemon();  // removes the links of interfaces that are gone
    other.remove();
    open.remove();
    closed.remove();
    firewall.reset();
    bridge.reset();
    std::string left;
    CHECK(eventually([&] { return (left = site.node.state()).empty(); }));
    CHECK(left == "");
}

}  // namespace node_bridge_test
