// SPDX-License-Identifier: Apache-2.0
// Bytes after the IP packet are not its headers, and a fragment does not overwrite what was judged.
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "attacker.h"
#include "support/shortened.h"

namespace trailer_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kPeer4 = "198.18.0.1";
constexpr const char* kPeer6 = "2001:db8:1::1";
constexpr std::uint16_t kPodPort = 40000;
constexpr std::size_t kRealBytes = 8;  // of the TCP header: ports and sequence number

// A pod with a TCP flow to an address that has expired since, and a witness where its packets would leave.
struct Scene {
    Scene() : site("dnsMinTTL: 1\ndnsMaxTTL: 1\n"), pod(start()), outside(site.world) {
        silence_kernel(pod.pod->netns);
        for (const bool v6 : {false, true}) {
            REQUIRE(resolve(*pod.pod, "one.test", v6 ? kTypeAaaa : kTypeA));
            pod.wire.send(to_peer(v6).tcp(kPodPort, kTcpPort, kSyn).build());
            REQUIRE(wait_for_segment(pod.wire, kTcpPort, kPodPort, kSyn | kAck, kPatience));
        }
        for (const char* peer : {kPeer4, kPeer6}) {
            const IpAddress address = *IpAddress::parse(peer);
            REQUIRE(eventually([&] { return !connects_from(pod.pod->netns, address, kTcpPort, kDenied); }));
        }
    }
    ~Scene() {
        site.node.remove(*pod.pod);
        CHECK(site.node.state() == "");
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    Scene(Scene&&) = delete;
    Scene& operator=(Scene&&) = delete;

    AttackPod start() {
        site.world.set_name("one.test", {kPeer4, kPeer6}, 1);
        site.node.write_policy("policy.yaml", allow_domains("p", "app == \"client\"", {"one.test"}));
        return {site.node, "client", "client"};
    }
    Packet to_peer(bool v6) const { return pod.frame().ip(pod.own(v6), v6 ? kPeer6 : kPeer4); }
    // The old flow still carries its own packets.
    void check_flow(bool v6) {
        const std::string text = v6 ? "on the flow of IPv6" : "on the flow of IPv4";
        pod.wire.send(to_peer(v6).tcp(kPodPort, kTcpPort, kAck).payload(text).build());
        CHECK(outside.wire.saw(text, kPatience));
    }

    Site site;
    AttackPod pod;
    Outsider outside;
};

// A TCP segment without its IP header.
Bytes segment(const Packet& packet, bool v6) {
    const Bytes whole = packet.build_ip();
    return {whole.begin() + (v6 ? 40 : 20), whole.end()};
}

}  // namespace

TEST_CASE("flags after the end of a first fragment do not let a SYN out on an old flow") {
    Scene scene;
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        scene.check_flow(v6);
        const std::string token = v6 ? "SYN of IPv6" : "SYN of IPv4";
        const Packet syn = Packet().ip(scene.pod.own(v6), v6 ? kPeer6 : kPeer4).tcp(kPodPort, kTcpPort, kSyn).payload(token);
        const Bytes real = segment(syn, v6);
        // Eight bytes of payload; the trailer claims an acknowledgement.
        const Bytes first = scene.to_peer(v6).fragment(9, 0, true).tcp(kPodPort, kTcpPort, kAck).build();
        scene.pod.wire.send(shortened(first, 20 - kRealBytes));
        Packet second = scene.to_peer(v6).fragment(9, kRealBytes, false).protocol(6);
        scene.pod.wire.send(second.payload(Bytes(real.begin() + kRealBytes, real.end())).build());
        CHECK_FALSE(scene.outside.wire.saw(token, kSettled));
        scene.check_flow(v6);
    }
}

TEST_CASE("a later fragment that overwrites the flags of the first does not leave") {
    Scene scene;
    for (const bool v6 : {false, true}) {
        INFO((v6 ? "IPv6" : "IPv4"));
        const std::string token = v6 ? "over the flags of IPv6" : "over the flags of IPv4";
        const Packet syn = Packet().ip(scene.pod.own(v6), v6 ? kPeer6 : kPeer4).tcp(kPodPort, kTcpPort, kSyn).payload(token);
        const Bytes real = segment(syn, v6);
        scene.pod.wire.send(scene.to_peer(v6).fragment(10, 0, true).tcp(kPodPort, kTcpPort, kAck).payload(Bytes(12, 'f')).build());
        Packet second = scene.to_peer(v6).fragment(10, kRealBytes, false).protocol(6);
        scene.pod.wire.send(second.payload(Bytes(real.begin() + kRealBytes, real.end())).build());
        CHECK_FALSE(scene.outside.wire.saw(token, kSettled));
        // A regular one after the first leaves.
        const std::string honest = v6 ? "behind the first of IPv6" : "behind the first of IPv4";
        scene.pod.wire.send(scene.to_peer(v6).fragment(11, 0, true).tcp(kPodPort, kTcpPort, kAck).payload(Bytes(12, 'f')).build());
        scene.pod.wire.send(scene.to_peer(v6).fragment(11, 32, false).protocol(6).payload(honest).build());
        CHECK(scene.outside.wire.saw(honest, kPatience));
    }
}

TEST_CASE("ports and flags after the end of a whole packet are not read") {
    Scene scene;
    for (const bool v6 : {false, true}) {
        for (const std::size_t cut : {std::size_t{1}, std::size_t{12}, std::size_t{20}}) {
            INFO((v6 ? "IPv6, " : "IPv4, ") << cut << " bytes short");
            Bytes frame = scene.to_peer(v6).ttl(static_cast<std::uint8_t>(200 + cut)).tcp(kPodPort, kTcpPort, kAck).build();
            scene.pod.wire.send(shortened(frame, cut));
            // One hop further, where no other packet has so large a number.
            const auto is_it = [&](std::string_view seen) {
                return seen.size() > 22 && static_cast<std::uint8_t>(seen[v6 ? 21 : 22]) == 199 + cut;
            };
            CHECK_FALSE(scene.outside.wire.find(is_it, kSettled));
        }
    }
}

}  // namespace trailer_test
