// SPDX-License-Identifier: Apache-2.0
// Address translation by the node: what it forwards with its own address as source stays what others sent, and what it sends to a
// service's address stays its own.
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "attacker.h"

namespace node_translated_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kPort = 4000;
constexpr const char* kService4 = "203.0.113.1";
constexpr const char* kService6 = "2001:db8:99::1";

// Everything to the pods gets the node's address as source; the service's address leads to `pod`.
class Translation {
  public:
    explicit Translation(const AttackPod& pod, const AttackPod& other) {
        const std::string to_pods = "oifname { " + pod.pod->host_ifname + ", " + other.pod->host_ifname + " }";
        const std::string service = " ip daddr " + std::string(kService4) + " dnat ip to " + pod.v4;
        const std::string service6 = " ip6 daddr " + std::string(kService6) + " dnat ip6 to " + pod.v6;
        must_run("nft 'table inet translated { chain post { type nat hook postrouting priority 100; " + to_pods +
                 " meta nfproto ipv4 snat ip to " + kNodeAddress4 + "; " + to_pods + " meta nfproto ipv6 snat ip6 to " + kNodeAddress6 +
                 "; }; chain out { type nat hook output priority -100; " + service + ";" + service6 +
                 "; }; chain pre { type nat hook prerouting priority -100; " + service + ";" + service6 + "; }; }'");
        must_run(std::string("ip route add ") + kService4 + " dev uplink && ip route add " + kService6 + " dev uplink");
    }
    ~Translation() { run_command("nft delete table inet translated"); }
    Translation(const Translation&) = delete;
    Translation& operator=(const Translation&) = delete;
    Translation(Translation&&) = delete;
    Translation& operator=(Translation&&) = delete;
};

}  // namespace

TEST_CASE("address translation makes nothing the node's own, and leaves what is") {
    Site site;
    site.node.write_policy("closed.yaml", kClosedPolicy);
    const AttackPod closed(site.node, "closed", "closed");
    AttackPod open(site.node, "open", "open");
    const AttackPod other(site.node, "other", "open");
    const Outsider outside(site.world);
    std::optional<Translation> translation;
    translation.emplace(closed, open);
    for (const bool v6 : {false, true}) {
        const std::string version = v6 ? ", IPv6" : ", IPv4";
        INFO(version);
        const int family = v6 ? AF_INET6 : AF_INET;
        const IpAddress service = *IpAddress::parse(v6 ? kService6 : kService4);
        const Fd at_closed = bound_udp(closed.pod->netns, family, kPort);
        const Fd listener = listen_inside(closed.pod->netns, family, kPort);
        const Fd open_listener = listen_inside(open.pod->netns, family, kPort);
        const Fd of_other = socket_inside(other.pod->netns, family, SOCK_DGRAM);
        for (const AttackPod* to : {&closed, &static_cast<const AttackPod&>(open)}) {
            outside.wire.send(
                outside.frame().ip(v6 ? kServer6 : kServer4, to->own(v6)).udp(kPort, kPort).payload("of outside" + version).build());
            send_to(of_other, to->own(v6), kPort, "of another pod" + version);
        }
        for (const std::string& text : {"of outside" + version, "of another pod" + version}) {
            const auto frame = open.wire.find([&](std::string_view one) { return one.find(text) != std::string_view::npos; }, kPatience);
            REQUIRE(frame);
            CHECK(source_of(frame->substr(kLinkBytes)) == (v6 ? kNodeAddress6 : kNodeAddress4));
            CHECK_FALSE(hears(at_closed, text, kSettled));
        }
        CHECK(connects_from(other.pod->netns, *IpAddress::parse(open.own(v6)), kPort, kBeforeRepeat));
        CHECK_FALSE(connects_from(other.pod->netns, *IpAddress::parse(closed.own(v6)), kPort, kDenied));
        CHECK_FALSE(connects_from(other.pod->netns, service, kPort, kDenied));
        // The node itself.
        const Fd udp = open_socket(family, SOCK_DGRAM);
        send_to(udp, service.to_string(), kPort, "of the node");
        CHECK(hears(at_closed, "of the node", kPatience));
        Fd tcp = open_tcp(service);
        CHECK(connect_to(tcp, service, kPort, kBeforeRepeat).connected);
        drop_connection(tcp);
    }
    translation.reset();
    for (const AttackPod* pod : {&closed, &static_cast<const AttackPod&>(open), &other}) {
        site.node.remove(*pod->pod);
    }
    CHECK(site.node.state() == "");
}

}  // namespace node_translated_test
