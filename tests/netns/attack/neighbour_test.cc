// SPDX-License-Identifier: Apache-2.0
// On a bridge that another plugin made, a pod talks to its neighbours directly: only for itself.
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "attacker.h"
#include "bridged_pod.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kAllNodes = "ff02::1";
const Mac kAllNodesMac = {0x33, 0x33, 0, 0, 0, 1};
constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;

// About `target`, which it claims, with a mark after everything that a receiver reads.
Bytes claim(const BridgedPod& pod, const std::string& source, std::uint8_t type, const std::string& target, const std::string& mark) {
    const std::string wire = IpAddress::parse(target)->wire();
    Bytes content(wire.begin(), wire.end());
    // An option of a type that is to be skipped (RFC 4861, section 4.6), in units of 8 bytes.
    Bytes option = {253, 0};
    option.insert(option.end(), mark.begin(), mark.end());
    option.resize((option.size() + 7) / 8 * 8);
    option[1] = static_cast<std::uint8_t>(option.size() / 8);
    content.insert(content.end(), option.begin(), option.end());
    Packet packet = Packet().ethernet(pod.mac, kAllNodesMac).ip(source, kAllNodes).ttl(255);
    return packet.icmp(type, 0, type == kAdvertisement ? 0x20000000 : 0).payload(content).build();
}

struct Claim {
    const char* mark;
    std::string source;
    std::uint8_t type;
    std::string target;
    bool passes;
};

}  // namespace

TEST_CASE("chained behind a bridge, a pod claims no link-local address but its own, and no neighbour's address") {
    Site site;
    site.node.start_daemon();
    std::optional<Bridge> bridge;
    bridge.emplace();
    BridgedPod pod(site.node, "one", "open");
    BridgedPod neighbour(site.node, "two", "open");
    RawSocket passed(kBridge, ETH_P_IPV6);
    const std::vector<Claim> claims = {
        {"own global address", pod.v6, kAdvertisement, pod.v6, true},
        {"own link-local address", pod.link_local(), kAdvertisement, pod.link_local(), true},
        {"looks for a duplicate of its own", "::", kSolicitation, pod.v6, true},
        {"asks for its neighbour", pod.v6, kSolicitation, neighbour.v6, true},
        {"router by fe80::1", pod.v6, kAdvertisement, "fe80::1", false},
        {"router by fe80::1 from it", "fe80::1", kAdvertisement, "fe80::1", false},
        {"neighbour, link-local", pod.link_local(), kAdvertisement, neighbour.link_local(), false},
        {"neighbour, global", pod.v6, kAdvertisement, neighbour.v6, false},
        {"duplicate of the neighbour", "::", kSolicitation, neighbour.v6, false},
        {"duplicate of its link-local", "::", kSolicitation, neighbour.link_local(), false},
        {"asks as fe80::1", "fe80::1", kSolicitation, neighbour.v6, false},
    };
    for (const Claim& one : claims) {
        pod.wire->send(claim(pod, one.source, one.type, one.target, one.mark + std::string("#")));
    }
    for (const Claim& one : claims) {
        INFO(one.mark);
        CHECK(passed.saw(one.mark + std::string("#"), one.passes ? kPatience : kSettled) == one.passes);
        CHECK(neighbour.wire->saw(one.mark + std::string("#"), one.passes ? kPatience : kSettled) == one.passes);
    }
    neighbour.remove();
    pod.remove();
    bridge.reset();
    CHECK(eventually([&] { return site.node.state().empty(); }));
}

TEST_CASE("a pod behind a bridge cannot keep an address from its neighbour by claiming it") {
    Site site;
    site.node.start_daemon();
    std::optional<Bridge> bridge;
    bridge.emplace();
    BridgedPod pod(site.node, "one", "open");
    BridgedPod neighbour(site.node, "two", "open");
    // The neighbour adds another address of its link, and asks whether it is in use; the pod says that it is, twice.
    neighbour.netns.must("sysctl -qw net.ipv6.conf.eth0.dad_transmits=1 net.ipv6.conf.eth0.accept_dad=1");
    neighbour.netns.must("ip address add fe80::77/64 dev eth0");
    for (int i = 0; i < 10; ++i) {
        pod.wire->send(claim(pod, pod.v6, kAdvertisement, "fe80::77", "claimed"));
        pod.wire->send(claim(pod, "::", kSolicitation, "fe80::77", "claimed"));
        std::this_thread::sleep_for(Milliseconds(20));
    }
    CHECK(neighbour.netns.run("ip -6 address show dev eth0 dadfailed").text == "");
    neighbour.remove();
    pod.remove();
    bridge.reset();
    CHECK(eventually([&] { return site.node.state().empty(); }));
}
