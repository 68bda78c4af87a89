// SPDX-License-Identifier: Apache-2.0
// A tunnel keeps the socket of what it carries. A packet that a container, or another pod, sends through a tunnel whose other end is
// the node does not become the node's own.
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "attacker.h"

using namespace namegate;
using namespace namegate::test;

namespace {

struct Tunnel {
    const char* name;
    const char* type;  // of `ip link add`, without the ends
    bool outer_v6;
    bool inner_v6;
};

constexpr Tunnel kTunnels[] = {
    {"vxlan", "vxlan id 1 dstport 8080", false, false},
    {"vxlan over IPv6", "vxlan id 1 dstport 8080", true, true},
    {"geneve", "geneve id 1 dstport 8081", false, false},
    {"ipip", "ipip", false, false},
    {"sit", "sit", false, true},
    {"gre", "gre", false, false},
    {"gretap", "gretap", false, true},
    {"ip6tnl", "ip6tnl mode any", true, false},
    {"ip6gre", "ip6gre", true, true},
};

// One end in the node, whose other end is `remote`. False if the kernel has no such tunnel.
bool make_tunnel(const Tunnel& tunnel, const std::string& remote) {
    std::string ends = " remote " + remote;
    if (std::string_view(tunnel.type).substr(0, 6) != "geneve") {
        ends += std::string(" local ") + (tunnel.outer_v6 ? kNodeAddress6 : kNodeAddress4);
    }
    return run_command("ip link add tunnel0 type " + std::string(tunnel.type) + ends).status == 0;
}

std::string inner(bool v6, unsigned host) { return (v6 ? "fd99::" : "10.1.1.") + std::to_string(host); }
std::string inner_subnet(bool v6, unsigned host) { return inner(v6, host) + (v6 ? "/64 nodad" : "/24"); }

// Source and destination as in the header of a packet within the tunnel.
std::string inner_header(bool v6) { return IpAddress::parse(inner(v6, 1))->wire() + IpAddress::parse(inner(v6, 2))->wire(); }

// The device needs no neighbours: a frame goes to the tunnel's other end anyway.
void use_inside(const TestNetns& container, bool v6) {
    must_run("ip link set tunnel0 netns " + container.name());
    container.must("ip link set tunnel0 arp off up");
    container.must("ip address add " + inner_subnet(v6, 1) + " dev tunnel0");
}

// A datagram and the SYN of a connection.
void send_inside(const TestNetns& container, bool v6) {
    const Fd udp = socket_inside(container, v6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    send_to(udp, inner(v6, 2), 2, "a datagram in a tunnel");
    CHECK_FALSE(connects_from(container, *IpAddress::parse(inner(v6, 2)), 2, kSettled));
}

struct Pair {
    explicit Pair(Site& site_) : site(site_), closed(site.node, "closed", "closed"), open(site.node, "open", "open") {}
    void remove() const {
        site.node.remove(*open.pod);
        site.node.remove(*closed.pod);
        CHECK(site.node.state() == "");
    }

    Site& site;
    AttackPod closed;
    AttackPod open;
};

}  // namespace

TEST_CASE("what a container sends through a tunnel whose other end is the node does not count as the node's own") {
    Site site;
    site.node.write_policy("closed.yaml", kClosedPolicy);
    Pair pods(site);
    const TestNetns container;
    for (const Tunnel& tunnel : kTunnels) {
        INFO(tunnel.name);
        for (AttackPod* pod : {&pods.open, &pods.closed}) {
            if (!make_tunnel(tunnel, pod->own(tunnel.outer_v6))) {
                WARN("this kernel has no " << tunnel.name);
                break;
            }
            use_inside(container, tunnel.inner_v6);
            send_inside(container, tunnel.inner_v6);
            if (pod == &pods.open) {
                CHECK(pod->wire.saw("a datagram in a tunnel", kPatience));
            }
            CHECK(pod->wire.saw(inner_header(tunnel.inner_v6), kSettled) == (pod == &pods.open));
            container.must("ip link del tunnel0");
        }
    }
    pods.remove();
}

TEST_CASE("what another pod sends through a tunnel of the node does not count as the node's own") {
    Site site;
    site.node.write_policy("closed.yaml", kClosedPolicy);
    Pair pods(site);
    const AttackPod other(site.node, "other", "open");
    for (const Tunnel& tunnel : kTunnels) {
        INFO(tunnel.name);
        for (AttackPod* pod : {&pods.open, &pods.closed}) {
            if (!make_tunnel(tunnel, pod->own(tunnel.outer_v6))) {
                WARN("this kernel has no " << tunnel.name);
                break;
            }
            must_run("ip link set tunnel0 arp off up && ip address add " + inner_subnet(tunnel.inner_v6, 1) + " dev tunnel0");
            const Fd udp = socket_inside(other.pod->netns, tunnel.inner_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
            const std::string text = std::string("of another pod by ") + tunnel.name + ".";
            send_to(udp, inner(tunnel.inner_v6, 2), 2, text);
            CHECK(pod->wire.saw(text, pod == &pods.open ? kPatience : kSettled) == (pod == &pods.open));
            must_run("ip link del tunnel0");
        }
    }
    site.node.remove(*other.pod);
    pods.remove();
}

TEST_CASE("what a container's kernel sends late through a tunnel does not count as the node's own") {
    // The kernel replies from a socket that all namespaces share. Between two uses this socket is in the first namespace, and so is a
    // reply that waited for its neighbour's hardware address.
    Site site;
    site.node.write_policy("closed.yaml", kClosedPolicy);
    Pair pods(site);
    const Tunnel& tunnel = kTunnels[0];
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        for (AttackPod* pod : {&pods.open, &pods.closed}) {
            const TestNetns container;
            container.must("ip link set lo up");
            must_run("echo 0 | tee /proc/sys/net/ipv4/conf/default/rp_filter");
            if (!make_tunnel(tunnel, pod->v4)) {
                WARN("this kernel has no " << tunnel.name);
                break;
            }
            must_run("ip link set tunnel0 netns " + container.name());
            container.must("ip link set tunnel0 up");
            container.must("ip address add " + inner_subnet(v6, 1) + " dev tunnel0");
            const std::string text = std::string("a late reply ") + (v6 ? "6" : "4");
            RawSocket::inside(container, "lo")
                .send(Packet().ethernet(Mac{}, Mac{}).ip(inner(v6, 2), inner(v6, 1)).icmp(v6 ? 128 : 8, 0, 0x70001).payload(text).build());
            std::this_thread::sleep_for(kSettled);
            container.must("ip neighbour replace " + inner(v6, 2) + " lladdr 02:00:00:00:00:02 dev tunnel0");
            CHECK(pod->wire.saw(text, pod == &pods.open ? kPatience : kSettled) == (pod == &pods.open));
            container.must("ip link del tunnel0");
        }
    }
    pods.remove();
}
