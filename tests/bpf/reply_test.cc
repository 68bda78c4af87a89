// SPDX-License-Identifier: Apache-2.0
//
// A reply begins no flow, because any host can make another host reply to the pod by a packet in the pod's name.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kLocal = 50000;
constexpr std::uint8_t kEcho = 8;
constexpr std::uint8_t kEchoReply = 0;
const char* remote_of(bool v6) { return v6 ? "2001:db8::1" : "192.0.2.1"; }

}  // namespace

TEST_CASE("a segment from a host that the pod may not reach does not let the pod reply") {
    const bool v6 = GENERATE(false, true);
    const char* remote = remote_of(v6);
    Scene scene;
    scene.apply(domain_policy("example.com"));
    std::uint16_t local = kLocal;
    for (const int one : {kSyn | kAck, kRst | 0, kRst | kAck, kFin | 0, kFin | kAck, kAck | 0, kAck | kPsh, 0}) {
        const auto flags = static_cast<std::uint8_t>(one);
        INFO(one);
        ++local;
        CHECK(scene.ingress(tcp_in(remote, 443, flags, local)).passed());  // ingress is open
        CHECK(scene.egress(tcp_out(remote, 443, kAck, local)).dropped());
        CHECK(scene.egress(tcp_out(remote, 443, kAck | kPsh, local)).dropped());
        CHECK(scene.egress(tcp_out(remote, 443, kRst, local)).dropped());
    }
    CHECK(scene.flows().empty());
    // One that really begins a connection does.
    CHECK(scene.ingress(tcp_in(remote, 40000, kSyn, 80)).passed());
    CHECK(scene.egress(tcp_out(remote, 40000, kSyn | kAck, 80)).passed());
}

TEST_CASE("an ICMP reply does not let the pod send a request") {
    const bool v6 = GENERATE(false, true);
    const char* remote = remote_of(v6);
    const std::uint8_t echo = v6 ? 128 : kEcho;
    const std::uint8_t reply = v6 ? 129 : kEchoReply;
    Scene scene;
    scene.apply(domain_policy("example.com"));
    CHECK(scene.ingress(icmp_in(remote, reply)).passed());
    CHECK(scene.egress(icmp_out(remote, echo)).dropped());
    CHECK(scene.egress(icmp_out(remote, reply)).dropped());
    scene.apply(
        egress_policy({v6 ? "{action: Allow, protocol: ICMPv6, icmp: {type: 129}}" : "{action: Allow, protocol: ICMP, icmp: {type: 0}}"}));
    CHECK(scene.egress(icmp_out(remote, reply)).passed());
    CHECK(scene.egress(icmp_out(remote, echo)).dropped());
    scene.apply(egress_policy({"{action: Allow, protocol: ICMP, icmp: {type: 14}}"}));
    CHECK(scene.egress(icmp_out("192.0.2.1", 14)).passed());
    CHECK(scene.egress(icmp_out("192.0.2.1", 13)).dropped());
    CHECK(scene.flows().empty());
    // A request gets its reply.
    CHECK(scene.ingress(icmp_in(remote, echo)).passed());
    CHECK(scene.egress(icmp_out(remote, reply)).passed());
    CHECK(scene.ingress(icmp_in("192.0.2.1", 13)).passed());
    CHECK(scene.egress(icmp_out("192.0.2.1", 14)).passed());
}

TEST_CASE("a connection whose flow was evicted goes on by what the pod sends, under its egress policy") {
    const bool v6 = GENERATE(false, true);
    const char* remote = remote_of(v6);
    const std::string nothing_in = "---\n" + policy_of("Ingress", {}, "nothing-in");
    const std::string allowed = egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [443]}}"});
    Scene scene;
    scene.apply(allowed + nothing_in);
    CHECK(scene.ingress(tcp_in(remote, 443, kAck)).dropped());
    CHECK(scene.egress(tcp_out(remote, 443, kAck | kPsh)).passed());
    CHECK(scene.ingress(tcp_in(remote, 443, kAck)).passed());
    CHECK(scene.egress(tcp_out(remote, 443, kFin | kAck, kLocal + 1)).passed());
    CHECK(scene.ingress(tcp_in(remote, 443, kAck, kLocal + 1)).passed());
    // Begun from outside, to a pod whose egress policy does not let it reply: it ends. Where the policy does, it goes on.
    scene.apply(allowed);
    CHECK(scene.ingress(tcp_in(remote, 40000, kAck, 80)).passed());
    CHECK(scene.egress(tcp_out(remote, 40000, kAck, 80)).dropped());
    CHECK(scene.ingress(tcp_in(remote, 443, kAck, 80)).passed());
    CHECK(scene.egress(tcp_out(remote, 443, kAck, 80)).passed());
    scene.apply(ingress_policy({"{action: Allow, protocol: TCP, destination: {ports: [80]}}"}));
    CHECK(scene.ingress(tcp_in(remote, 40001, kAck, 80)).passed());
    REQUIRE_FALSE(scene.flows().empty());
    scene.apply(nothing_in);
    CHECK(scene.ingress(tcp_in(remote, 40001, kAck, 80)).dropped());  // it was the peer's flow: cut
}

TEST_CASE("E8: no peer restores a cut flow, by waiting or when the pod evicts it", "[E8-]") {
    const char* peer = "192.0.2.1";
    datapath::DatapathOptions options;
    options.flows_per_endpoint = 512;
    Scene scene(Scene::weather_pod(), options);
    const auto allow = [](int port) {
        return egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [" + std::to_string(port) + "]}}"});
    };
    scene.apply(allow(443));
    REQUIRE(scene.connects(peer, 443, kLocal));
    scene.apply(allow(80));
    REQUIRE(scene.egress(tcp_out(peer, 443, kAck)).dropped());
    SECTION("waiting") { scene.make_idle(scene.flows()[0], NG_CUT_SECONDS + 1); }
    SECTION("evicted") {
        for (int i = 0; i < 4096; ++i) {
            scene.egress(tcp_out("192.0.2.2", 80, kSyn, static_cast<std::uint16_t>(1024 + i)));
            scene.egress(tcp_out("192.0.2.2", 80, kAck, static_cast<std::uint16_t>(1024 + i)));
        }
        for (const datapath::FlowEntry& flow : scene.flows()) {
            REQUIRE((flow.value.flags & NG_FLOW_CUT) == 0);
        }
    }
    CHECK(scene.ingress(tcp_in(peer, 443, kAck)).passed());
    CHECK(scene.egress(tcp_out(peer, 443, kAck)).dropped());
}

TEST_CASE("E8: as long as the peer tries, a cut flow is not forgotten", "[E8-]") {
    const bool udp = GENERATE(false, true);
    Scene scene;
    const std::string protocol = udp ? "UDP" : "TCP";
    const auto out = [&] { return scene.egress(udp ? udp_out("192.0.2.1", 443) : tcp_out("192.0.2.1", 443, kAck)).passed(); };
    const auto in = [&] { return scene.ingress(udp ? udp_in("192.0.2.1", 443) : tcp_in("192.0.2.1", 443, kAck)).passed(); };
    scene.apply(egress_policy({"{action: Allow, protocol: " + protocol + ", destination: {ports: [443]}}"}));
    REQUIRE(out());
    scene.apply(egress_policy({}));
    CHECK_FALSE(out());
    scene.make_idle(scene.flows()[0], NG_CUT_SECONDS - 10);
    CHECK_FALSE(in());
    const auto age = [&] {
        const auto now = static_cast<std::uint32_t>(must(datapath::read_clock(scene.datapath())).jiffies);
        return (now - scene.flows()[0].value.last_seen) / scene.datapath().hz();
    };
    CHECK(age() < 10);
    // The pod's own datagrams do not keep it: policy judges them when it is gone.
    scene.make_idle(scene.flows()[0], 100);
    CHECK_FALSE(out());
    CHECK((age() > 90) == udp);
}
