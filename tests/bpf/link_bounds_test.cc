// SPDX-License-Identifier: Apache-2.0
//
// Frames that pass in every mode are short and name only the pod's own hardware address: they cannot carry data.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kPodLink = "fe80::ff:fe00:1";  // of kPodMac
constexpr std::uint8_t kRouterSolicitation = 133;
constexpr std::uint8_t kRouterAdvertisement = 134;
constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;
constexpr std::uint8_t kRedirect = 137;
constexpr std::uint8_t kReport = 143;
const Bytes kOwn = {2, 0, 0, 0, 0, 1};
const Bytes kOther = {2, 0, 0, 0, 0, 0x66};

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes out;
    for (const Bytes& part : parts) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}
Bytes address(const char* text) {
    const std::string wire = IpAddress::parse(text)->wire();
    return {wire.begin(), wire.end()};
}
Bytes option(std::uint8_t type, const Bytes& content) {
    return joined({{type, static_cast<std::uint8_t>((content.size() + 2) / 8)}, content});
}

Bytes from_pod_link(std::uint8_t type, const Bytes& body, const char* to = "ff02::2") {
    return Packet().ethernet().ip(kPodLink, to).ttl(255).icmp(type, 0).payload(body).build();
}
Bytes to_pod_link(std::uint8_t type, std::size_t size, std::uint8_t ttl = 255) {
    return Packet().ethernet(kHostMac, kPodMac).ip("fe80::77", kPod6).ttl(ttl).icmp(type, 0).payload(Bytes(size - 8, 0)).build();
}
Bytes longer(Bytes frame, std::size_t size) {
    frame.resize(size, 'x');
    return frame;
}

}  // namespace

TEST_CASE("ARP has the length of ARP, in its common form") {
    Scene scene;
    scene.apply(egress_policy({}));
    const Bytes out = Packet().ethernet().arp(1, kPodMac, kPod4, "169.254.1.1").build();
    const Bytes in = Packet().ethernet(kHostMac, kPodMac).arp(1, kHostMac, "169.254.1.1", kPod4).build();
    for (const std::size_t size : {42U, 60U, 64U}) {
        CHECK(scene.egress(longer(out, size)).passed());
        CHECK(scene.ingress(longer(in, size)).passed());
    }
    CHECK(scene.egress(longer(out, 65)).dropped());
    CHECK(scene.egress(longer(out, 1400)).dropped());
    CHECK(scene.ingress(longer(in, 65)).dropped());
    for (std::size_t at = 14; at < 20; ++at) {
        Bytes other = out;
        other[at] ^= 1;
        INFO(at);
        CHECK(scene.egress(other).dropped());
    }
}

TEST_CASE("neighbour discovery has the length of a host's own messages, and so have listener reports") {
    const bool closed = GENERATE(false, true);
    Scene scene;
    if (!closed) {
        scene.apply(egress_policy({}) + "---\n" + policy_of("Ingress", {}, "q"));
    }
    const auto solicitation = [&](std::size_t more) { return joined({address("fe80::1"), option(253, Bytes(more - 2, 'x'))}); };
    CHECK(scene.egress(from_pod_link(kSolicitation, address("fe80::1"))).passed());
    CHECK(scene.egress(from_pod_link(kSolicitation, solicitation(40))).passed());
    CHECK(scene.egress(from_pod_link(kSolicitation, solicitation(48))).dropped());
    CHECK(scene.egress(from_pod_link(kSolicitation, solicitation(1400), "fe80::99")).dropped());
    CHECK(scene.egress(from_pod_link(kSolicitation, joined({address("fe80::1"), {0, 0, 0, 0}}))).dropped());
    CHECK(scene.egress(from_pod_link(kSolicitation, joined({address("fe80::1"), {253, 0, 0, 0, 0, 0, 0, 0}}))).dropped());
    CHECK(scene.egress(from_pod_link(kSolicitation, joined({address("fe80::1"), {253, 2, 0, 0, 0, 0, 0, 0}}))).dropped());
    // Nor may anything follow it, or stand in a header before it.
    const Bytes plain = from_pod_link(kSolicitation, address("fe80::1"));
    CHECK(scene.egress(longer(plain, plain.size() + 1)).dropped());
    const auto after = [&](std::size_t bytes) {
        return Packet()
            .ethernet()
            .ip(kPodLink, "ff02::16")
            .ttl(1)
            .extension(0, Bytes(bytes, 0))
            .icmp(kReport, 0)
            .payload(Bytes(8, 0))
            .build();
    };
    CHECK(scene.egress(after(6)).passed());
    CHECK(scene.egress(after(14)).dropped());
    const auto report = [&](std::size_t size) {
        return Packet()
            .ethernet()
            .ip(kPodLink, "ff02::16")
            .ttl(1)
            .extension(0, Bytes(6, 0))
            .icmp(kReport, 0)
            .payload(Bytes(size - 8, 'x'))
            .build();
    };
    CHECK(scene.egress(report(512)).passed());
    CHECK(scene.egress(report(513)).dropped());
    for (const std::uint8_t type : {kSolicitation, kAdvertisement, kRedirect, kRouterSolicitation}) {
        CHECK(scene.ingress(to_pod_link(type, 64)).passed());
        CHECK(scene.ingress(to_pod_link(type, 72)).dropped());
    }
    CHECK(scene.ingress(to_pod_link(kRouterAdvertisement, 512)).passed());
    CHECK(scene.ingress(to_pod_link(kRouterAdvertisement, 520)).dropped());
    CHECK(scene.ingress(to_pod_link(kReport, 512, 1)).passed());
    CHECK(scene.ingress(to_pod_link(kReport, 520, 1)).dropped());
}

TEST_CASE("neighbour discovery of a pod names no hardware address but its own") {
    Scene scene;
    scene.apply(egress_policy({}));
    const auto asks = [&](const Bytes& options) {
        return scene.egress(from_pod_link(kSolicitation, joined({address("fe80::1"), options}))).passed();
    };
    const auto tells = [&](const Bytes& options) {
        return scene.egress(from_pod_link(kAdvertisement, joined({address(kPodLink), options}))).passed();
    };
    const auto seeks = [&](const Bytes& options) { return scene.egress(from_pod_link(kRouterSolicitation, options)).passed(); };
    const Bytes nonce = option(14, Bytes(6, 7));
    CHECK(asks(option(1, kOwn)));
    CHECK(asks(joined({nonce, option(1, kOwn)})));
    CHECK(tells(option(2, kOwn)));
    CHECK(seeks(option(1, kOwn)));
    CHECK_FALSE(asks(option(1, kOther)));
    CHECK_FALSE(asks(joined({nonce, option(1, kOther)})));
    CHECK_FALSE(asks(joined({option(1, kOwn), nonce, option(1, kOther)})));
    CHECK_FALSE(tells(option(2, kOther)));
    CHECK_FALSE(tells(joined({option(1, kOwn), option(2, kOther)})));
    CHECK_FALSE(seeks(option(1, kOther)));
    CHECK(scene.count(NG_R_SPOOFED) == 6);
}
