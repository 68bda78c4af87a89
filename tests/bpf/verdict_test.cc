// SPDX-License-Identifier: Apache-2.0
//
// Verdicts of first packets: the meaning of policy files in the programs. Rule codes are those of docs/semantics.md.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

std::string example(const std::string& file) {
    std::ifstream in(std::string(NAMEGATE_EXAMPLES) + "/" + file);
    REQUIRE(in.good());
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

constexpr std::uint8_t kSctp = 132;
constexpr std::uint8_t kUdpLite = 136;
constexpr std::uint8_t kGre = 47;

}  // namespace

TEST_CASE("a closed endpoint passes ARP and neighbour discovery, and nothing else") {
    Scene scene;
    CHECK(scene.egress(tcp_out("192.0.2.1", 443)).dropped());
    CHECK(scene.egress(udp_out(kDns4, 53)).dropped());
    CHECK(scene.egress(icmp_out("2001:db8::1", 128)).dropped());
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kSyn)).dropped());
    CHECK(scene.node_sends(tcp_in("192.0.2.1", 443, kSyn)).dropped());
    CHECK(scene.count(NG_R_CLOSED) == 5);
    CHECK(scene.egress(Packet().ethernet().arp(1, kPodMac, kPod4, "169.254.1.1").build()).passed());
    CHECK(scene.ingress(Packet().ethernet(kHostMac, kPodMac).arp(2, kHostMac, "169.254.1.1", kPod4).build()).passed());
    CHECK(scene.egress(Packet().ethernet().ip("fe80::ff:fe00:1", "ff02::2").ttl(255).icmp(133, 0).build()).passed());
    CHECK(scene.flows().empty());
}

TEST_CASE("an interface without an endpoint passes nothing") {
    Scene scene;
    scene.apply("");
    REQUIRE(scene.connects("192.0.2.1"));
    must(datapath::unbind_interface(scene.datapath(), kLoopback));
    CHECK_FALSE(scene.connects("192.0.2.1"));
    CHECK(scene.ingress(tcp_in("192.0.2.1", 443, kSyn | kAck)).dropped());
    CHECK(scene.egress(Packet().ethernet().arp(1, kPodMac, kPod4, "169.254.1.1").build()).dropped());
}

TEST_CASE("E5: an endpoint that no policy selects is open") {
    Scene scene;
    scene.apply("");
    for (const char* remote : {"192.0.2.1", "2001:db8::1"}) {
        CHECK(scene.egress(tcp_out(remote, 443)).passed());
        CHECK(scene.egress(udp_out(remote, 123)).passed());
        CHECK(scene.egress(other_out(remote, kGre)).passed());
        CHECK(scene.ingress(tcp_in(remote, 40000, kSyn, 80)).passed());
        CHECK(scene.ingress(udp_in(remote, 40000, 81)).passed());
    }
    CHECK(scene.egress(icmp_out("192.0.2.1", 8)).passed());
    CHECK(scene.egress(icmp_out("2001:db8::1", 128)).passed());
}

TEST_CASE("the example policies, unchanged: the name opens its addresses, nothing else is open") {
    struct Example {
        const char* file;
        const char* name;
        const char* other;
    };
    for (const Example& it : {Example{"global-network-policy.yaml", "api.weather.com", "weather.com"},
                              Example{"network-policy.yaml", "api.weather.com", "www.api.weather.com"},
                              Example{"global-network-set.yaml", "somewebsite.com", "www.somewebsite.com"},
                              Example{"network-set.yaml", "a.b.anothersite.com", "anothersite.com"}}) {
        INFO(it.file);
        Scene scene;
        scene.apply(example(it.file));
        CHECK_FALSE(scene.connects("203.0.113.1"));
        CHECK(scene.resolve(it.name, {"203.0.113.1"}));
        CHECK(scene.connects("203.0.113.1"));
        CHECK(scene.resolve(it.other, {"203.0.113.66"}));
        CHECK_FALSE(scene.connects("203.0.113.66"));
        CHECK(scene.egress(udp_out("198.51.100.1", 53)).passed());
        CHECK_FALSE(scene.connects("198.51.100.1", 53));
        CHECK(scene.ingress(tcp_in("198.51.100.1", 40000, kSyn, 80)).passed());
    }
}

TEST_CASE("rules name protocols") {
    Scene scene;
    const auto allow = [&](const std::string& protocol) { scene.apply(egress_policy({"{action: Allow, protocol: " + protocol + "}"})); };
    const auto passes = [&](const Bytes& frame) { return scene.egress(frame).passed(); };
    allow("TCP");
    CHECK(passes(tcp_out("192.0.2.1", 1)));
    CHECK(passes(tcp_out("2001:db8::1", 1)));
    CHECK_FALSE(passes(udp_out("192.0.2.1", 1)));
    CHECK_FALSE(passes(icmp_out("192.0.2.1", 8)));
    allow("UDP");
    CHECK(passes(udp_out("192.0.2.2", 1)));
    CHECK_FALSE(passes(tcp_out("192.0.2.2", 1)));
    allow("SCTP");
    CHECK(passes(other_out("192.0.2.3", kSctp, 36412)));
    CHECK_FALSE(passes(tcp_out("192.0.2.3", 36412)));
    allow("UDPLite");
    CHECK(passes(other_out("192.0.2.4", kUdpLite, 9)));
    CHECK_FALSE(passes(udp_out("192.0.2.4", 9)));
    allow("ICMP");
    CHECK(passes(icmp_out("192.0.2.5", 8)));
    CHECK_FALSE(passes(icmp_out("2001:db8::5", 128)));
    allow("ICMPv6");
    CHECK(passes(icmp_out("2001:db8::6", 128)));
    CHECK_FALSE(passes(icmp_out("192.0.2.6", 8)));
    allow("47");
    CHECK(passes(other_out("192.0.2.7", kGre)));
    CHECK_FALSE(passes(other_out("192.0.2.7", 50)));
    scene.apply(egress_policy({"{action: Allow, notProtocol: TCP}"}));
    CHECK(passes(udp_out("192.0.2.8", 1)));
    CHECK_FALSE(passes(tcp_out("192.0.2.8", 1)));
    scene.apply(egress_policy({"{action: Allow, ipVersion: 6}"}));
    CHECK(passes(tcp_out("2001:db8::9", 1)));
    CHECK_FALSE(passes(tcp_out("192.0.2.9", 1)));
}

TEST_CASE("rules name ICMP types and codes") {
    Scene scene;
    scene.apply(egress_policy(
        {"{action: Allow, protocol: ICMP, icmp: {type: 8, code: 0}}", "{action: Allow, protocol: ICMPv6, icmp: {type: 128}}"}));
    CHECK(scene.egress(icmp_out("192.0.2.1", 8, 0)).passed());
    CHECK(scene.egress(icmp_out("192.0.2.1", 8, 1, 8)).dropped());
    CHECK(scene.egress(icmp_out("192.0.2.1", 13, 0, 9)).dropped());
    CHECK(scene.egress(icmp_out("2001:db8::1", 128, 5)).passed());
    CHECK(scene.egress(icmp_out("2001:db8::1", 139)).dropped());
}

TEST_CASE("V2: ports, ranges, their negations, and source ports") {
    Scene scene;
    const auto tcp = [&](unsigned port) { return scene.connects("192.0.2.1", static_cast<std::uint16_t>(port)); };
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [80, '8080:8090', 65535]}}"}));
    for (const unsigned port : {80U, 8080U, 8085U, 8090U, 65535U}) {
        CHECK(tcp(port));
        CHECK_FALSE(scene.egress(udp_out("192.0.2.1", static_cast<std::uint16_t>(port))).passed());
    }
    for (const unsigned port : {1U, 79U, 81U, 8079U, 8091U, 65534U}) {
        CHECK_FALSE(tcp(port));
    }
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {notPorts: [22, '1000:2000']}}"}));
    CHECK(tcp(21));
    CHECK(tcp(999));
    CHECK(tcp(2001));
    CHECK_FALSE(tcp(22));
    CHECK_FALSE(tcp(1000));
    CHECK_FALSE(tcp(1500));
    CHECK_FALSE(tcp(2000));
    scene.apply(egress_policy({"{action: Allow, protocol: UDP, source: {ports: ['5000:5999']}, destination: {ports: [123]}}"}));
    CHECK(scene.egress(udp_out("192.0.2.1", 123, 5500)).passed());
    CHECK_FALSE(scene.egress(udp_out("192.0.2.1", 123, 6000)).passed());
    CHECK_FALSE(scene.egress(udp_out("192.0.2.1", 124, 5500)).passed());
    scene.apply(egress_policy({"{action: Allow, protocol: SCTP, destination: {ports: [36412]}}"}));
    CHECK(scene.egress(other_out("192.0.2.1", kSctp, 36412)).passed());
    CHECK_FALSE(scene.egress(other_out("192.0.2.1", kSctp, 36413)).passed());
}

TEST_CASE("nets and notNets, both families, longest prefixes inside shorter ones") {
    Scene scene;
    scene.apply(egress_policy({"{action: Deny, destination: {nets: [10.1.2.0/24]}}",
                               "{action: Allow, destination: {nets: [10.1.0.0/16, 192.0.2.7/32]}}",
                               "{action: Allow, destination: {nets: ['2001:db8::/32'], notNets: ['2001:db8:bad::/48']}}"}));
    CHECK(scene.connects("10.1.1.1"));
    CHECK(scene.connects("10.1.3.1"));
    CHECK(scene.connects("192.0.2.7"));
    CHECK_FALSE(scene.connects("10.1.2.1"));
    CHECK_FALSE(scene.connects("10.2.0.1"));
    CHECK_FALSE(scene.connects("192.0.2.6"));
    CHECK(scene.connects("2001:db8::1"));
    CHECK(scene.connects("2001:db8:bae::1"));
    CHECK_FALSE(scene.connects("2001:db8:bad::1"));
    CHECK_FALSE(scene.connects("2001:db9::1"));
}

TEST_CASE("D2: a domain's port, protocol and notNets must all match") {
    Scene scene;
    scene.apply(egress_policy(
        {kAllowDns, "{action: Allow, protocol: TCP, destination: {domains: [example.com], ports: [443], notNets: [198.51.100.0/24]}}"}));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1", "198.51.100.1"}));
    CHECK(scene.connects("203.0.113.1", 443));
    CHECK_FALSE(scene.connects("203.0.113.1", 80));
    CHECK_FALSE(scene.egress(udp_out("203.0.113.1", 443)).passed());
    CHECK_FALSE(scene.connects("198.51.100.1", 443));
    CHECK_FALSE(scene.connects("203.0.113.2", 443));
}

TEST_CASE("E2, E3: order of tiers and policies, Pass, Log, and the end of a tier") {
    Scene scene;
    const std::string tiers =
        "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: first}\nspec: {order: 10}\n---\n"
        "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: open}\nspec: {order: 20, defaultAction: Pass}\n---\n";
    scene.apply(
        tiers +
        policy_of("Egress",
                  {"{action: Log}", "{action: Deny, protocol: TCP, destination: {ports: [25]}}",
                   "{action: Pass, protocol: TCP, destination: {ports: ['1:1000']}}",
                   "{action: Allow, protocol: UDP, destination: {ports: [123]}}"},
                  "first.a", "  tier: first\n") +
        "---\n" + policy_of("Egress", {"{action: Deny, protocol: TCP, destination: {ports: [111]}}"}, "open.b", "  tier: open\n") +
        "---\n" + policy_of("Egress", {"{action: Deny, protocol: TCP, destination: {ports: [80]}}"}, "default.early", "  order: 1\n") +
        "---\n" + policy_of("Egress", {"{action: Allow, protocol: TCP, destination: {ports: ['1:100']}}"}, "default.late", "  order: 2\n"));
    CHECK(scene.connects("192.0.2.1", 22));
    CHECK_FALSE(scene.connects("192.0.2.1", 25));    // denied in the first tier
    CHECK_FALSE(scene.connects("192.0.2.1", 80));    // by the earlier policy of the last tier
    CHECK_FALSE(scene.connects("192.0.2.1", 111));   // in the tier between
    CHECK_FALSE(scene.connects("192.0.2.1", 443));   // no rule of the last tier matches
    CHECK_FALSE(scene.connects("192.0.2.1", 2000));  // end of the first tier
    CHECK(scene.egress(udp_out("192.0.2.1", 123)).passed());
    CHECK_FALSE(scene.egress(udp_out("192.0.2.1", 124)).passed());
}

TEST_CASE("E6: an empty list of rules denies its direction, and only that") {
    Scene scene;
    scene.apply(egress_policy({}));
    CHECK_FALSE(scene.connects("192.0.2.1"));
    CHECK(scene.ingress(tcp_in("192.0.2.1", 40000, kSyn, 80)).passed());
    scene.apply(ingress_policy({}));
    CHECK(scene.connects("192.0.2.2"));
    CHECK(scene.ingress(tcp_in("192.0.2.1", 40000, kSyn, 81)).dropped());
    CHECK(scene.count(NG_R_DENIED) == 2);
}

TEST_CASE("E7: the node itself reaches its pods, and they may reply; what it forwards is judged", "[E7+][E7-]") {
    Scene scene;
    scene.apply(ingress_policy({"{action: Allow, protocol: TCP, source: {nets: [192.0.2.0/24]}, destination: {ports: [80]}}"}) + "---\n" +
                policy_of("Egress", {}, "q"));
    CHECK(scene.ingress(tcp_in("192.0.2.1", 40000, kSyn, 80)).passed());
    CHECK(scene.ingress(tcp_in("192.0.2.1", 40001, kSyn, 81)).dropped());
    CHECK(scene.ingress(tcp_in("198.51.100.1", 40000, kSyn, 80)).dropped());
    CHECK(scene.node_sends(tcp_in("198.51.100.1", 40000, kSyn, 80)).passed());
    CHECK(scene.egress(tcp_out("198.51.100.1", 40000, kSyn | kAck, 80)).passed());
    CHECK(scene.egress(tcp_out("198.51.100.1", 40002, kSyn | kAck, 80)).dropped());
    CHECK(scene.ingress(tcp_in("198.51.100.1", 40000, kAck, 80)).passed());
}

TEST_CASE("E7: a fragment without a receiving interface does not count as the node's: policy judges it", "[E7-]") {
    // ip6_fragment() loses the receiving interface of a forwarded packet, so only a whole packet proves its origin.
    const std::string remote = GENERATE(as<std::string>{}, "198.51.100.1", "2001:db8::1");
    const bool v6 = remote.find(':') != std::string::npos;
    Scene scene;
    scene.apply(policy_of("Ingress", {}) + "---\n" + policy_of("Egress", {}, "q"));
    const auto fragment = [&](std::uint16_t offset, bool more) { return to_pod(remote).fragment(7, offset, more); };
    CHECK(scene.node_sends(fragment(0, true).udp(40000, 50000).payload(Bytes(64, 'x')).build()).dropped());
    CHECK(scene.node_sends(fragment(72, false).protocol(17).payload(Bytes(64, 'x')).build()).dropped());
    if (v6) {
        // An atomic fragment (RFC 6946) comes from the same path.
        CHECK(scene.node_sends(fragment(0, false).udp(40000, 50000).payload(Bytes(64, 'x')).build()).dropped());
    }
    CHECK(scene.flows().empty());
    CHECK(scene.node_sends(to_pod(remote).udp(40000, 50000).payload(Bytes(64, 'x')).build()).passed());
    CHECK(scene.flows().size() == 1);
}

TEST_CASE("E7: the node's replies and ICMP errors pass, and make no flow", "[E7-]") {
    Scene scene;
    scene.apply(policy_of("Ingress", {}) + "---\n" + policy_of("Egress", {}, "q"));
    CHECK(scene.node_sends(tcp_in("198.51.100.1", 80, kSyn | kAck)).passed());
    CHECK(scene.egress(tcp_out("198.51.100.1", 80, kAck)).dropped());
    CHECK(
        scene.node_sends(to_pod("198.51.100.1").icmp(11, 0).payload(from_pod("198.51.100.1").udp(50000, 53).build_ip()).build()).passed());
    CHECK(scene.flows().empty());
    CHECK(scene.egress(icmp_out("198.51.100.1", 13)).dropped());
}

TEST_CASE("a thousand rules: the first that matches decides, wherever it is") {
    Scene scene;
    std::string policy = policy_of("Egress", {"{action: Allow, protocol: UDP, destination: {ports: [53]}}"});
    for (unsigned i = 0; i < 1000; ++i) {
        policy += "  - {action: " + std::string(i % 3 == 0 ? "Deny" : "Allow") + ", protocol: TCP, destination: {ports: [" +
                  std::to_string(2000 + i) + "]}}\n";
    }
    policy += "  - {action: Allow, destination: {domains: [example.com]}}\n";
    scene.apply(policy);
    for (const unsigned i : {0U, 1U, 61U, 62U, 63U, 64U, 127U, 128U, 511U, 512U, 998U, 999U}) {
        INFO(i);
        CHECK(scene.connects("192.0.2.1", static_cast<std::uint16_t>(2000 + i)) == (i % 3 != 0));
    }
    CHECK_FALSE(scene.connects("192.0.2.1", 3000));
    REQUIRE(scene.resolve("example.com", {"203.0.113.1"}));
    CHECK(scene.connects("203.0.113.1", 3000));
    CHECK_FALSE(scene.connects("203.0.113.1", 2999));
}

TEST_CASE("each rule counts its packets and flows") {
    Scene scene;
    scene.apply(egress_policy(
        {"{action: Allow, protocol: TCP, destination: {ports: [80]}}", "{action: Allow, protocol: TCP, destination: {ports: [443]}}"}));
    for (const std::uint16_t local : std::initializer_list<std::uint16_t>{50000, 50001, 50002}) {
        REQUIRE(scene.connects("192.0.2.1", 443, local));
        REQUIRE(scene.egress(tcp_out("192.0.2.1", 443, kAck, local)).passed());
        REQUIRE(scene.ingress(tcp_in("192.0.2.1", 443, kAck, local)).passed());
    }
    REQUIRE_FALSE(scene.connects("192.0.2.1", 25));
    const auto config = must(datapath::active_config(scene.datapath(), scene.identity().slot)).value();
    const auto counters = must(datapath::read_counters(scene.datapath(), config.direction[NG_EGRESS]));
    REQUIRE(counters.size() == 4);  // two rules, the end of the tier, the profile
    CHECK(counters[0].packets == 0);
    CHECK(counters[1].packets == 9);
    CHECK(counters[1].flows == 3);
    CHECK(counters[2].flows == 1);
    CHECK(counters[3].packets == 0);
    CHECK(scene.count(NG_R_ALLOWED) == 3);
    CHECK(scene.count(NG_R_DENIED) == 1);
}
