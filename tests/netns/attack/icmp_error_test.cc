// SPDX-License-Identifier: Apache-2.0
// ICMP errors pass because of the flow that they quote: only a live one, and with no more content than an error needs.
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "attacker.h"

namespace icmp_error_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kPeer4 = "198.18.0.1";
constexpr const char* kPeer6 = "2001:db8:1::1";
constexpr std::uint16_t kPodPort = 40000;

const char* peer_of(bool v6) { return v6 ? kPeer6 : kPeer4; }

// TCP and UDP to the domain, and no ICMP.
std::string policy(const std::string& domain) {
    std::string rules = "{action: Allow, protocol: UDP, destination: {ports: [53]}}";
    for (const char* protocol : {"TCP", "UDP"}) {
        rules += std::string(", {action: Allow, protocol: ") + protocol + ", destination: {domains: [" + domain + "]}}";
    }
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\n"
           "spec: {selector: app == \"client\", types: [Ingress, Egress], ingress: [], egress: [" +
           rules + "]}\n";
}

// An error about what the other side sent, with this many bytes after the quoted headers.
Packet error_about(const Packet& link, const std::string& from, const std::string& to, std::uint16_t from_port, std::uint16_t to_port,
                   const std::string& text, std::size_t bytes) {
    const bool v6 = from.find(':') != std::string::npos;
    const Bytes quoted = Packet().ip(to, from).udp(to_port, from_port).payload(text + std::string(bytes, 'x')).build_ip();
    return Packet(link).ip(from, to).icmp(v6 ? 1 : 3, v6 ? 4 : 3).payload(quoted);
}

struct Scene {
    Scene() : pod(start()), outside(site.world) { silence_kernel(pod.pod->netns); }
    ~Scene() {
        site.node.remove(*pod.pod);
        CHECK(site.node.state() == "");
        site.node.stop_daemon();
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    Scene(Scene&&) = delete;
    Scene& operator=(Scene&&) = delete;

    AttackPod start() {
        site.world.set_name("one.test", {kPeer4, kPeer6});
        site.node.write_policy("policy.yaml", policy("one.test"));
        site.node.start_daemon();
        return {site.node, "client", "client"};
    }
    // A datagram of the pod to its peer, and the echo that comes back.
    void open_flow(bool v6) {
        REQUIRE(resolve(*pod.pod, "one.test", v6 ? kTypeAaaa : kTypeA));
        const std::string text = v6 ? "flow of IPv6" : "flow of IPv4";
        pod.wire.send(pod.frame().ip(pod.own(v6), peer_of(v6)).udp(kPodPort, kUdpPort).payload(text).build());
        REQUIRE(outside.wire.saw(text, kPatience));
    }
    void send_out(bool v6, const std::string& text, std::size_t bytes) {
        pod.wire.send(error_about(pod.frame(), pod.own(v6), peer_of(v6), kPodPort, kUdpPort, text, bytes).build());
    }
    void send_in(bool v6, const std::string& text, std::size_t bytes) {
        outside.wire.send(error_about(outside.frame(), peer_of(v6), pod.own(v6), kUdpPort, kPodPort, text, bytes).build());
    }
    // No packet of the old flow is sent for it.
    void revoke() {
        site.node.write_policy("policy.yaml", policy("two.test"));
        REQUIRE(eventually([&] {
            return !connects_from(pod.pod->netns, *IpAddress::parse(kPeer4), kTcpPort, kDenied) &&
                   !connects_from(pod.pod->netns, *IpAddress::parse(kPeer6), kTcpPort, kDenied);
        }));
    }

    Site site;
    AttackPod pod;
    Outsider outside;
};

}  // namespace

TEST_CASE("after the policy revoked a peer, no error about the old flow reaches it or comes from it") {
    Scene scene;
    for (const bool v6 : {false, true}) {
        scene.open_flow(v6);
        scene.send_out(v6, "honest error", 0);
        CHECK(scene.outside.wire.saw("honest error", kPatience));
    }
    scene.revoke();
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        for (const std::size_t bytes : {std::size_t{0}, std::size_t{1000}}) {
            INFO(bytes << " bytes");
            const std::string token = std::string(bytes == 0 ? "small" : "large") + (v6 ? " late6" : " late4");
            scene.send_out(v6, token + " out", bytes);
            scene.send_in(v6, token + " in", bytes);
            CHECK_FALSE(scene.outside.wire.saw(token + " out", kSettled));
            CHECK_FALSE(scene.pod.wire.saw(token + " in", kSettled));
        }
    }
}

TEST_CASE("an error about a live flow may quote no more than errors need, in either direction") {
    Scene scene;
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        scene.open_flow(v6);
        // IP and ICMP header before, IP and UDP header in the quotation: at most 576 bytes and 1,280 bytes in all.
        const std::size_t headers = v6 ? 40 + 8 + 40 + 8 : 20 + 8 + 20 + 8;
        const std::size_t most = (v6 ? 1280U : 576U) - headers;
        const std::string token = v6 ? "six " : "four ";
        const std::string small = token + "just so large";
        const std::string large = token + "one too large";
        scene.send_out(v6, small, most - small.size());
        scene.send_out(v6, large, most - large.size() + 1);
        scene.send_in(v6, small, most - small.size());
        scene.send_in(v6, large, most - large.size() + 1);
        CHECK(scene.outside.wire.saw(small, kPatience));
        CHECK(scene.pod.wire.saw(small, kPatience));
        CHECK_FALSE(scene.outside.wire.saw(large, kSettled));
        CHECK_FALSE(scene.pod.wire.saw(large, kSettled));
    }
}

}  // namespace icmp_error_test
