// SPDX-License-Identifier: Apache-2.0
//
// What a pod may send at all: its own addresses, headers that parse, and on the link only messages about itself.
#include <catch2/catch.hpp>

#include "traffic.h"

namespace link_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr Mac kOtherMac{0x02, 0, 0, 0, 0, 0x66};
constexpr const char* kPodLink = "fe80::ff:fe00:1";  // of kPodMac

Bytes neighbour(std::uint8_t type, const char* source, const char* destination, const char* target, std::uint8_t ttl = 255) {
    Packet packet = Packet().ethernet().ip(source, destination).ttl(ttl).icmp(type, 0);
    Bytes body;
    if (target != nullptr) {
        const std::string wire = IpAddress::parse(target)->wire();
        body.assign(wire.begin(), wire.end());
    }
    return packet.payload(body).build();
}

}  // namespace

TEST_CASE("a pod sends only from its own addresses") {
    Scene scene;
    scene.apply("");
    REQUIRE(scene.connects("192.0.2.1"));
    REQUIRE(scene.connects("2001:db8::1"));
    const auto from = [&](const char* source, const char* to, const Mac& mac = kPodMac) {
        return scene.egress(Packet().ethernet(mac).ip(source, to).udp(50000, 123).payload("x").build());
    };
    CHECK(from("10.88.0.3", "192.0.2.1").dropped());
    CHECK(from("0.0.0.0", "255.255.255.255").dropped());
    CHECK(from("127.0.0.1", "192.0.2.1").dropped());
    CHECK(from("fd00:88::3", "2001:db8::1").dropped());
    CHECK(from("fe80::2", "2001:db8::1").dropped());
    CHECK(from("::", "2001:db8::1").dropped());
    CHECK(from(kPod4, "192.0.2.1", kOtherMac).dropped());
    CHECK(from(kPod6, "2001:db8::1", kOtherMac).dropped());
    CHECK(scene.count(NG_R_SPOOFED) == 8);
    CHECK(scene.flows().size() == 2);
}

TEST_CASE("an IPv4 address inside IPv6 does not bypass the rules of either") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, destination: {nets: [192.0.2.1/32]}}", "{action: Allow, ipVersion: 6}"}));
    // The builder treats the text of an IPv4-mapped address as IPv4, so the bytes are written by hand.
    const auto with_mapped = [&](std::string_view address, std::ptrdiff_t at) {
        Bytes frame = from_pod("2001:db8::1").udp(50000, 123).payload("x").build();
        const auto mapped = IpAddress::parse(address)->bytes();
        std::copy(mapped.begin(), mapped.end(), frame.begin() + at);
        return scene.egress(frame);
    };
    CHECK(with_mapped(kPod4, 14 + 8).dropped());
    CHECK(with_mapped("192.0.2.1", 14 + 24).dropped());
    CHECK(scene.count(NG_R_MALFORMED) == 2);
}

TEST_CASE("ARP: a pod claims only its own addresses") {
    Scene scene;
    scene.apply(egress_policy({}));
    const auto arp = [&](std::uint16_t operation, const Mac& mac, const char* sender, const Mac& frame_mac = kPodMac,
                         const char* target = "169.254.1.1") {
        return scene.egress(Packet().ethernet(frame_mac).arp(operation, mac, sender, target).build());
    };
    CHECK(arp(1, kPodMac, kPod4).passed());
    CHECK(arp(2, kPodMac, kPod4).passed());
    CHECK(arp(1, kPodMac, "0.0.0.0", kPodMac, kPod4).passed());  // a probe, RFC 5227: it claims its target
    CHECK(arp(1, kPodMac, "0.0.0.0").dropped());
    CHECK(arp(2, kPodMac, "0.0.0.0", kPodMac, "10.88.0.3").dropped());
    CHECK(arp(1, kPodMac, "10.88.0.3").dropped());
    CHECK(arp(2, kPodMac, "169.254.1.1").dropped());
    CHECK(arp(1, kOtherMac, kPod4).dropped());
    CHECK(arp(1, kPodMac, kPod4, kOtherMac).dropped());
    CHECK(scene.egress(Packet().ethernet().arp(1, kPodMac, kPod4, "169.254.1.1").truncate(30).build()).dropped());
    CHECK(scene.ingress(Packet().ethernet(kHostMac, kPodMac).arp(1, kHostMac, "169.254.1.1", kPod4).build()).passed());
}

TEST_CASE("neighbour discovery and listener reports stay on the link, and concern only the pod itself") {
    Scene scene;
    scene.apply(egress_policy({}) + "---\n" + policy_of("Ingress", {}, "q"));
    const auto sends = [&](const Bytes& frame) { return scene.egress(frame).passed(); };
    CHECK(sends(neighbour(135, kPod6, "ff02::1:ff00:1", "fe80::1")));
    CHECK(sends(neighbour(135, "::", "ff02::1:ff00:2", kPod6)));
    CHECK(sends(neighbour(135, kPodLink, "fe80::1", "fe80::1")));
    CHECK(sends(neighbour(136, kPod6, "fe80::1", kPod6)));
    CHECK(sends(neighbour(136, kPodLink, "ff02::1", kPodLink)));
    CHECK(sends(neighbour(133, kPodLink, "ff02::2", nullptr)));
    CHECK_FALSE(sends(neighbour(136, kPod6, "fe80::1", "fd00:88::3")));  // another pod's address
    CHECK_FALSE(sends(neighbour(136, kPodLink, "ff02::1", "fe80::1")));  // the gateway's
    CHECK_FALSE(sends(neighbour(135, "fe80::1", "ff02::1:ff00:1", "fe80::5")));
    CHECK_FALSE(sends(neighbour(135, "::", "ff02::1:ff00:3", "fd00:88::3")));  // its owner would give it up
    CHECK_FALSE(sends(neighbour(135, "::", "ff02::1:ff00:1", "fe80::1")));
    CHECK(sends(neighbour(135, "::", "ff02::1:ff00:1", kPodLink)));
    CHECK_FALSE(sends(neighbour(135, "fd00:88::3", "ff02::1:ff00:1", "fe80::1")));
    CHECK_FALSE(sends(neighbour(134, kPodLink, "ff02::1", nullptr)));  // a router advertisement
    CHECK_FALSE(sends(neighbour(137, kPodLink, "fe80::1", nullptr)));  // a redirect
    CHECK_FALSE(sends(neighbour(135, kPod6, "2001:db8::1", "2001:db8::1")));
    CHECK_FALSE(sends(neighbour(135, kPod6, "ff02::1:ff00:1", "fe80::1", 64)));
    const auto report = [](const char* source, const char* destination, std::uint8_t type = 143) {
        return Packet()
            .ethernet()
            .ip(source, destination)
            .ttl(1)
            .extension(0, {5, 2, 0, 0, 0, 0})
            .icmp(type, 0)
            .payload(Bytes(8, 0))
            .build();
    };
    CHECK(sends(report(kPodLink, "ff02::16")));
    CHECK(sends(report("::", "ff02::16")));
    CHECK_FALSE(sends(report(kPodLink, "2001:db8::1")));
    CHECK_FALSE(sends(report(kPod6, "2001:db8::1")));
    CHECK_FALSE(sends(report(kPodLink, "ff02::1", 130)));
    // To the pod: from its link only.
    const auto receives = [&](const char* source, std::uint8_t type, std::uint8_t ttl) {
        return scene.ingress(Packet().ethernet(kHostMac, kPodMac).ip(source, kPod6).ttl(ttl).icmp(type, 0).payload(Bytes(16, 0)).build())
            .passed();
    };
    CHECK(receives("fe80::1", 135, 255));
    CHECK(receives("fe80::1", 136, 255));
    CHECK_FALSE(receives("2001:db8::1", 135, 64));
    CHECK(receives("fe80::1", 130, 1));
    CHECK_FALSE(receives("2001:db8::1", 130, 1));
    CHECK_FALSE(receives("2001:db8::1", 143, 1));
}

TEST_CASE("frames that are neither IP nor ARP, and tagged ones, do not pass, not even from an open pod") {
    Scene scene;
    scene.apply("");
    CHECK(scene.egress(from_pod("192.0.2.1").vlan(5).tcp(50000, 443).build()).dropped());
    CHECK(scene.egress(from_pod("192.0.2.1").vlan(5, 0x88a8).vlan(6).tcp(50000, 443).build()).dropped());
    CHECK(scene.egress(from_pod("192.0.2.1").ether_type(0x8864).tcp(50000, 443).build()).dropped());
    CHECK(scene.egress(from_pod("192.0.2.1").ether_type(0x86dd).tcp(50000, 443).build()).dropped());
    CHECK(scene.egress(from_pod("2001:db8::1").ether_type(0x0800).tcp(50000, 443).build()).dropped());
    CHECK(scene.egress(from_pod("192.0.2.1").ether_type(0x0100).tcp(50000, 443).build()).dropped());
    CHECK(scene.flows().empty());
}

TEST_CASE("IPv4 options do not hide the ports") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [443]}}"}));
    const Bytes no_operation{1, 1, 1, 1};
    CHECK(scene.egress(from_pod("192.0.2.1").options(no_operation).tcp(50000, 443).build()).passed());
    CHECK(scene.egress(from_pod("192.0.2.1").options(Bytes(40, 1)).tcp(50001, 443).build()).passed());
    CHECK(scene.egress(from_pod("192.0.2.1").options(no_operation).tcp(50000, 25).build()).dropped());
    // A source route leads to an address that was not judged.
    for (const std::uint8_t route : {std::uint8_t{131}, std::uint8_t{137}}) {
        const Bytes to{route, 7, 4, 198, 18, 0, 2};
        CHECK(scene.egress(from_pod("192.0.2.1").options(to).tcp(50000, 443).build()).dropped());
        CHECK(scene.egress(from_pod("192.0.2.1").options({1, 7, 3, 4, route, 3, 4}).tcp(50000, 443).build()).dropped());
        CHECK(scene.ingress(to_pod("192.0.2.1").options(to).tcp(443, 50009).build()).dropped());
        // Its number among another option's data is not a source route.
        CHECK(scene.egress(from_pod("192.0.2.1").options({7, 7, 4, route, 0, 0, 2, 1}).tcp(50000, 443).build()).passed());
        CHECK(scene.egress(from_pod("192.0.2.1").options({0, route, 7, 4}).tcp(50000, 443).build()).passed());
    }
    CHECK(scene.egress(from_pod("192.0.2.1").options({7, 0, 1, 1}).tcp(50000, 443).build()).dropped());
    CHECK(scene.egress(from_pod("192.0.2.1").options({7, 9, 4, 0}).tcp(50000, 443).build()).dropped());
    // Bytes of the options that would be the allowed port if they were read as the header.
    CHECK(scene.egress(from_pod("192.0.2.1").options({0xc3, 0x50, 0x01, 0xbb}).tcp(50000, 25).build()).dropped());
}

TEST_CASE("IPv6 extension headers are followed; routing headers and endless chains are not") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [443]}}"}));
    const auto passes = [&](Packet packet, std::uint16_t port = 443) { return scene.egress(packet.tcp(50000, port).build()).passed(); };
    const Bytes pad{1, 4, 0, 0, 0, 0};
    CHECK(passes(from_pod("2001:db8::1").extension(0, pad)));
    CHECK(passes(from_pod("2001:db8::1").extension(60, pad)));
    CHECK(passes(from_pod("2001:db8::1").extension(0, pad).extension(60, Bytes(22, 0))));
    CHECK_FALSE(passes(from_pod("2001:db8::1").extension(60, pad), 25));
    CHECK_FALSE(passes(from_pod("2001:db8::1").extension(43, pad)));
    CHECK_FALSE(passes(from_pod("2001:db8::1").extension(60, pad).extension(43, pad)));
    Packet long_chain = from_pod("2001:db8::1");
    for (int i = 0; i < 7; ++i) {
        long_chain.extension(60, pad);
    }
    CHECK_FALSE(passes(long_chain));
    scene.apply("");
    CHECK_FALSE(passes(from_pod("2001:db8::2").extension(43, pad)));
}

TEST_CASE("frames truncated anywhere in their headers do not pass") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {ports: [443]}}"}));
    for (const char* remote : {"192.0.2.1", "2001:db8::1"}) {
        // A test run refuses shorter frames itself.
        const std::size_t ip = remote == std::string("192.0.2.1") ? 14 + 20 : 14 + 40;
        for (std::size_t size = ip; size < ip + 14; ++size) {
            INFO(remote << " cut at " << size);
            CHECK(scene.egress(from_pod(remote).tcp(50000, 443).truncate(size).build()).dropped());
        }
        CHECK(scene.egress(from_pod(remote).tcp(50000, 443).build()).passed());
    }
    Bytes version = tcp_out("192.0.2.1", 443);
    version[14] = 0x65;
    CHECK(scene.egress(version).dropped());
    Bytes length = tcp_out("192.0.2.1", 443);
    length[14] = 0x44;
    CHECK(scene.egress(length).dropped());
}

}  // namespace link_test
