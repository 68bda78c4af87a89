// SPDX-License-Identifier: Apache-2.0
//
// Flows: an established flow passes both ways without policy, until a changed policy denies it.
#include <catch2/catch.hpp>

#include "traffic.h"

namespace flow_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kLocal = 50000;
const std::string kNothingIn = "---\n" + policy_of("Ingress", {}, "nothing-in");

std::string allow_port(unsigned port) {
    return egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [" + std::to_string(port) + "]}}"});
}

}  // namespace

TEST_CASE("E1: an established flow passes both ways, whatever the other direction's policy says", "[E1+][E1-]") {
    Scene scene;
    scene.apply(allow_port(443) + kNothingIn);
    for (const char* remote : {"192.0.2.1", "2001:db8::1"}) {
        CHECK(scene.ingress(tcp_in(remote, 443, kSyn | kAck)).dropped());
        CHECK(scene.egress(tcp_out(remote, 443, kAck)).passed());  // begun in the middle: judged like a first packet
        CHECK(scene.egress(tcp_out(remote, 443, kSyn, 50001)).passed());
        CHECK(scene.ingress(tcp_in(remote, 443, kSyn | kAck, 50001)).passed());
        CHECK(scene.ingress(tcp_in(remote, 443, kAck, 50001)).passed());
        CHECK(scene.ingress(tcp_in(remote, 443, kAck, 50002)).dropped());  // another port is another flow
        CHECK(scene.ingress(tcp_in(remote, 444, kAck, 50001)).dropped());
        CHECK(scene.ingress(udp_in(remote, 443, 50001)).dropped());
        CHECK(scene.ingress(tcp_in(remote, 443, kFin | kAck, 50001)).passed());
        CHECK(scene.egress(tcp_out(remote, 443, kRst, 50001)).passed());
    }
    CHECK(scene.ingress(tcp_in("192.0.2.2", 443, kAck, 50001)).dropped());
}

TEST_CASE("E1: the pod may reply on an admitted flow from outside, under a policy that allows nothing out") {
    Scene scene;
    scene.apply(ingress_policy({"{action: Allow, protocol: TCP, destination: {ports: [80]}}"}) + "---\n" +
                policy_of("Egress", {}, "nothing-out"));
    REQUIRE(scene.ingress(tcp_in("192.0.2.1", 40000, kSyn, 80)).passed());
    CHECK(scene.egress(tcp_out("192.0.2.1", 40000, kSyn | kAck, 80)).passed());
    CHECK(scene.egress(tcp_out("192.0.2.1", 40000, kAck, 81)).dropped());
    // The pod may not reverse the flow: its own SYN is a new connection.
    CHECK(scene.egress(tcp_out("192.0.2.1", 40000, kSyn, 80)).dropped());
    CHECK(scene.egress(tcp_out("192.0.2.1", 40000, kAck, 80)).passed());
}

TEST_CASE("a SYN on an old flow is judged again") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1"}));
    REQUIRE(scene.connects("203.0.113.1", 443, kLocal));
    scene.expire("203.0.113.1");
    CHECK_FALSE(scene.connects("203.0.113.1", 443, kLocal));
    CHECK(scene.egress(tcp_out("203.0.113.1", 443, kAck)).passed());
}

TEST_CASE("D13: established connections go on after the lifetime, new ones are denied", "[D13+][D13-]") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1"}));
    REQUIRE(scene.connects("203.0.113.1", 443, kLocal));
    REQUIRE(scene.egress(udp_out("203.0.113.1", 443, kLocal)).passed());
    scene.expire("203.0.113.1");
    CHECK_FALSE(scene.connects("203.0.113.1", 443, 50001));
    CHECK(scene.egress(udp_out("203.0.113.1", 443, 50001)).dropped());
    CHECK(scene.egress(tcp_out("203.0.113.1", 443, kAck)).passed());
    CHECK(scene.ingress(tcp_in("203.0.113.1", 443, kAck)).passed());
    CHECK(scene.egress(udp_out("203.0.113.1", 443, kLocal)).passed());
}

TEST_CASE("E8: a changed policy cuts the flows it denies, and they stay cut", "[E8-]") {
    Scene scene;
    scene.apply(allow_port(443));
    REQUIRE(scene.connects("192.0.2.1", 443, kLocal));
    REQUIRE(scene.ingress(tcp_in("192.0.2.1", 443, kSyn | kAck)).passed());
    scene.apply(allow_port(80));
    // The peer's packet comes first; ingress is open, yet it must not restore the flow as the peer's own.
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kAck)).dropped());
    CHECK(scene.egress(tcp_out("192.0.2.1", 443, kAck)).dropped());
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kFin | kAck)).dropped());
    CHECK(scene.count(NG_R_CUT) == 3);
    REQUIRE(scene.flows().size() == 1);
    CHECK((scene.flows()[0].value.flags & NG_FLOW_CUT) != 0);
    CHECK_FALSE(scene.connects("192.0.2.1", 443, kLocal));
    // A policy that allows it again restores it: nothing else was wrong with it.
    scene.apply(allow_port(443));
    CHECK(scene.egress(tcp_out("192.0.2.1", 443, kAck)).passed());
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kAck)).passed());
}

TEST_CASE("E8: flows that the changed policy also allows go on", "[E8+]") {
    Scene scene;
    scene.apply(allow_port(443) + kNothingIn);
    REQUIRE(scene.connects("192.0.2.1", 443, kLocal));
    const std::uint32_t before = scene.flows()[0].value.generation;
    scene.apply(egress_policy({"{action: Allow, destination: {nets: [192.0.2.0/24]}}"}) + kNothingIn);
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kAck)).passed());
    CHECK(scene.egress(tcp_out("192.0.2.1", 443, kAck)).passed());
    CHECK(scene.flows()[0].value.generation != before);
    // Completely open: still the pod's own flow.
    scene.apply("");
    CHECK(scene.egress(tcp_out("192.0.2.1", 443, kAck)).passed());
}

TEST_CASE("E8, policyChange: Keep: established flows survive a tightened policy, new ones are denied") {
    Scene scene;
    datapath::EndpointPolicies keep;
    keep.keep_flows = true;
    for (const char* remote : {"192.0.2.1", "2001:db8::1"}) {
        INFO(remote);
        scene.apply(allow_port(443) + kNothingIn, keep);
        REQUIRE(scene.connects(remote, 443, kLocal));
        REQUIRE(scene.ingress(tcp_in(remote, 443, kSyn | kAck)).passed());
        scene.apply(allow_port(80) + kNothingIn, keep);
        CHECK(scene.ingress(tcp_in(remote, 443, kAck)).passed());
        CHECK(scene.egress(tcp_out(remote, 443, kAck)).passed());
        CHECK_FALSE(scene.connects(remote, 443, 50001));
        CHECK_FALSE(scene.connects(remote, 443, kLocal));  // a SYN is a new connection, on the old ports too
        CHECK(scene.egress(tcp_out(remote, 443, kAck)).passed());
        // No rule of the new policy matches these packets.
        const auto active = must(datapath::active_config(scene.datapath(), scene.identity().slot)).value();
        const auto before = must(datapath::read_counters(scene.datapath(), active.direction[NG_EGRESS]));
        REQUIRE(scene.egress(tcp_out(remote, 443, kAck)).passed());
        const auto after = must(datapath::read_counters(scene.datapath(), active.direction[NG_EGRESS]));
        for (std::size_t i = 0; i < before.size(); ++i) {
            CHECK(before[i].packets == after[i].packets);
        }
        // After one more change, and again under a rule that allows it.
        scene.apply(allow_port(81) + kNothingIn, keep);
        CHECK(scene.egress(tcp_out(remote, 443, kAck)).passed());
        scene.apply(allow_port(443) + kNothingIn, keep);
        CHECK(scene.egress(tcp_out(remote, 443, kAck)).passed());
        scene.apply(allow_port(80) + kNothingIn);
        CHECK(scene.egress(tcp_out(remote, 443, kAck)).dropped());
    }
    // What was cut before is not restored because flows are kept now.
    scene.apply(allow_port(82) + kNothingIn, keep);
    CHECK(scene.egress(tcp_out("192.0.2.1", 443, kAck)).dropped());
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kAck)).dropped());
}

TEST_CASE("a policy that is written again unchanged touches no flow") {
    Scene scene;
    scene.apply(allow_port(443));
    REQUIRE(scene.connects("192.0.2.1", 443, kLocal));
    const auto before = must(datapath::active_config(scene.datapath(), scene.identity().slot)).value();
    scene.apply(allow_port(443));
    const auto after = must(datapath::active_config(scene.datapath(), scene.identity().slot)).value();
    CHECK(before.generation == after.generation);
    CHECK(scene.flows()[0].value.generation == after.generation);
}

TEST_CASE("E8: a flow of a domain stays while its domain and rule do, whether or not the TTL is over") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1"}));
    REQUIRE(scene.connects("203.0.113.1", 443, kLocal));
    CHECK(scene.flows()[0].value.pattern != 0);
    scene.expire("203.0.113.1");
    scene.apply(domain_policy("other.example, example.com"));
    CHECK(scene.egress(tcp_out("203.0.113.1", 443, kAck)).passed());
    CHECK_FALSE(scene.connects("203.0.113.1", 443, 50001));
    scene.apply(domain_policy("'*.example.com'"));
    CHECK(scene.egress(tcp_out("203.0.113.1", 443, kAck)).dropped());
    CHECK(scene.ingress(tcp_in("203.0.113.1", 443, kAck)).dropped());
}

TEST_CASE("D14: a name learned before is open as soon as a policy names it, for the rules of that policy", "[D14+]") {
    Scene scene;
    scene.apply(domain_policy("example.com, other.example"));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1"}));
    scene.apply(domain_policy("other.example"));
    CHECK_FALSE(scene.connects("203.0.113.1"));
    scene.apply(domain_policy("example.com"));
    CHECK(scene.connects("203.0.113.1"));
}

TEST_CASE("an idle flow expires") {
    Scene scene;
    scene.apply(allow_port(443) + kNothingIn);
    REQUIRE(scene.connects("192.0.2.1", 443, kLocal));
    scene.make_idle(scene.flows()[0], NG_IDLE_TCP - 10);
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kAck)).passed());
    scene.make_idle(scene.flows()[0], NG_IDLE_TCP + 1);
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kAck)).dropped());
    // After a FIN it expires soon.
    REQUIRE(scene.connects("192.0.2.1", 443, kLocal));
    REQUIRE(scene.ingress(tcp_in("192.0.2.1", 443, kFin | kAck)).passed());
    CHECK((scene.flows()[0].value.flags & NG_FLOW_CLOSING) != 0);
    scene.make_idle(scene.flows()[0], NG_IDLE_CLOSING + 1);
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kAck)).dropped());
}

TEST_CASE("a flow whose last packet another CPU saw a moment later is alive") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1"}));
    REQUIRE(scene.connects("203.0.113.1", 443, kLocal));
    scene.expire("203.0.113.1");
    for (const std::uint32_t ahead : {2U, 10 * scene.datapath().hz()}) {
        scene.make_later(scene.flows()[0], ahead);
        CHECK(scene.egress(tcp_out("203.0.113.1", 443, kAck)).passed());
    }
    // This does not apply to a very old entry, whose time looks later than now once half of 2^32 has passed.
    scene.make_later(scene.flows()[0], (NG_AHEAD_SECONDS + 10) * scene.datapath().hz());
    CHECK(scene.egress(tcp_out("203.0.113.1", 443, kAck)).dropped());
}

TEST_CASE("an echo and its reply are one flow, by identifier") {
    Scene scene;
    scene.apply(
        egress_policy({"{action: Allow, protocol: ICMP, icmp: {type: 8}}", "{action: Allow, protocol: ICMPv6, icmp: {type: 128}}"}) +
        kNothingIn);
    REQUIRE(scene.egress(icmp_out("192.0.2.1", 8)).passed());
    CHECK(scene.ingress(icmp_in("192.0.2.1", 0)).passed());
    CHECK(scene.ingress(icmp_in("192.0.2.1", 0, 0, 8)).dropped());
    CHECK(scene.ingress(icmp_in("192.0.2.2", 0)).dropped());
    REQUIRE(scene.egress(icmp_out("2001:db8::1", 128)).passed());
    CHECK(scene.ingress(icmp_in("2001:db8::1", 129)).passed());
    CHECK(scene.ingress(icmp_in("2001:db8::1", 129, 0, 8)).dropped());
}

TEST_CASE("ICMP errors pass when they quote a flow") {
    Scene scene;
    scene.apply(allow_port(443) + kNothingIn);
    struct Family {
        const char* remote;
        const char* router;
        std::uint8_t unreachable;
    };
    for (const Family& it : {Family{"192.0.2.1", "198.51.100.9", 3}, Family{"2001:db8::1", "2001:db8:9::9", 1}}) {
        INFO(it.remote);
        REQUIRE(scene.connects(it.remote, 443, kLocal));
        const auto quote_ours = [&](std::uint16_t local) { return from_pod(it.remote).tcp(local, 443, kAck).build_ip(); };
        const auto error_in = [&](const Bytes& quoted) {
            return scene.ingress(to_pod(it.router).icmp(it.unreachable, 1).payload(quoted).build()).passed();
        };
        CHECK(error_in(quote_ours(kLocal)));
        CHECK_FALSE(error_in(quote_ours(50001)));
        CHECK_FALSE(error_in(Packet().ip(it.remote, pod_address(it.remote)).tcp(443, kLocal, kAck).build_ip()));
        CHECK_FALSE(error_in({0x45, 0}));
        const auto error_out = [&](std::string_view to) {
            const Bytes quoted = to_pod(it.remote).tcp(443, kLocal, kAck).build_ip();
            return scene.egress(from_pod(to).icmp(it.unreachable, 4).payload(quoted).build()).passed();
        };
        CHECK(error_out(it.remote));
        CHECK_FALSE(error_out(it.router));  // else it would be a way out to any host
    }
    scene.apply(allow_port(80) + kNothingIn);
    REQUIRE(scene.egress(tcp_out("192.0.2.1", 443, kAck)).dropped());
    CHECK(scene.ingress(to_pod("192.0.2.1").icmp(3, 1).payload(from_pod("192.0.2.1").tcp(kLocal, 443, kAck).build_ip()).build()).dropped());
}

TEST_CASE("an ICMP error about a flow of an older policy does not pass because of that flow") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [443]}}"}) + "---\n" + policy_of("Ingress", {}, "q"));
    REQUIRE(scene.connects("192.0.2.1", 443));
    const Bytes quoted = from_pod("192.0.2.1").tcp(kLocal, 443, kAck).build_ip();
    const Bytes error = to_pod("192.0.2.9").icmp(3, 1).payload(quoted).build();
    REQUIRE(scene.ingress(error).passed());
    scene.apply(policy_of("Egress", {}) + "---\n" + policy_of("Ingress", {}, "q"));
    CHECK(scene.ingress(error).dropped());
}

TEST_CASE("fragments follow their admitted first fragment") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: UDP, destination: {ports: [123]}}"}) + kNothingIn);
    const Bytes half(64, 'x');
    for (const char* remote : {"192.0.2.1", "2001:db8::1"}) {
        INFO(remote);
        const auto first = [&](std::uint32_t id, std::uint16_t port) {
            return scene.egress(from_pod(remote).fragment(id, 0, true).udp(kLocal, port).payload(half).build()).passed();
        };
        const auto later = [&](std::uint32_t id, std::uint8_t protocol = 17) {
            return scene.egress(from_pod(remote).fragment(id, 72, false).protocol(protocol).payload(half).build()).passed();
        };
        CHECK_FALSE(later(1));
        CHECK(first(1, 123));
        CHECK(later(1));
        CHECK_FALSE(later(2));
        CHECK_FALSE(first(2, 124));
        CHECK_FALSE(later(2));
        CHECK_FALSE(later(1, 6));
        // Neither another peer nor the other direction.
        CHECK(scene
                  .egress(from_pod(remote == std::string("192.0.2.1") ? "192.0.2.2" : "2001:db8::2")
                              .fragment(1, 72, false)
                              .protocol(17)
                              .payload(half)
                              .build())
                  .dropped());
        CHECK(scene.ingress(to_pod(remote).fragment(1, 72, false).protocol(17).payload(half).build()).dropped());
        CHECK(scene.ingress(to_pod(remote).fragment(9, 0, true).udp(123, kLocal).payload(half).build()).passed());
        CHECK(scene.ingress(to_pod(remote).fragment(9, 72, false).protocol(17).payload(half).build()).passed());
        // Too short for the ports.
        CHECK(scene.egress(from_pod(remote).fragment(3, 0, true).protocol(17).payload("abc").build()).dropped());
    }
    CHECK(scene.count(NG_R_FRAGMENT) == 12);
}

}  // namespace flow_test
