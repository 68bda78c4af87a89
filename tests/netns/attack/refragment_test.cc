// SPDX-License-Identifier: Apache-2.0
// What the node forwards in fragments does not become its own. With connection tracking the kernel reassembles fragments, and splits
// them again on their way out, into buffers that do not show which interface received them.
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "attacker.h"
#include "cut_datagram.h"
#include "support/eventually.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint16_t kPort = 4000;

constexpr Cut kUnlike[] = {
    {"cut into one, an atomic fragment", 900, true, true},
    {"cut into two", 1400, true, true},
};

// A pod closed in both directions, an open one that shows that the same frames do arrive, and the attackers.
struct Scene {
    explicit Scene(bool translated) {
        site.node.write_policy("closed.yaml", kClosedPolicy);
        if (translated) {
            site.node.masquerade();
        } else {
            firewall.emplace();
        }
        closed.emplace(site.node, "closed", "closed");
        open.emplace(site.node, "open", "open");
        other.emplace(site.node, "other", "open");
        outside.emplace(site.world);
    }
    ~Scene() {
        for (const auto* one : {&closed, &open, &other}) {
            site.node.remove(*(*one)->pod);
        }
        firewall.reset();
        run_command("nft delete table inet namegate");
        CHECK(site.node.state() == "");
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    Scene(Scene&&) = delete;
    Scene& operator=(Scene&&) = delete;

    Site site;
    std::optional<Firewall> firewall;
    std::optional<AttackPod> closed;
    std::optional<AttackPod> open;
    std::optional<AttackPod> other;
    std::optional<Outsider> outside;
};

struct Sender {
    const char* name;
    const RawSocket& wire;
    Packet link;
    std::string address;
    RawSocket& seen;  // where a packet to the address is seen
};

// Fragments to both pods, then a whole datagram of the same flow each way.
void attack(const Scene& scene, const Sender& sender, const Cut& cut, std::uint16_t port) {
    INFO(sender.name << ", " << cut.name);
    const int family = cut.v6 ? AF_INET6 : AF_INET;
    const std::string token = std::string(sender.name) + " " + std::to_string(port);
    const Fd at_open = bound_udp(scene.open->pod->netns, family, port);
    const Fd at_closed = bound_udp(scene.closed->pod->netns, family, port);
    const std::string& closed = scene.closed->own(cut.v6);
    send_cut(sender.wire, sender.link, sender.address, closed, port, token + " cut", cut);
    send_cut(sender.wire, sender.link, sender.address, scene.open->own(cut.v6), port, token + " cut", cut);
    CHECK(hears(at_open, token + " cut", kPatience));
    CHECK_FALSE(hears(at_closed, token + " cut", kSettled));
    sender.wire.send(Packet(sender.link).ip(sender.address, closed).udp(port, port).payload(token + " whole").build());
    CHECK_FALSE(hears(at_closed, token + " whole", kSettled));
    send_to(at_closed, sender.address, port, token + " back from the closed");
    send_to(at_open, sender.address, port, token + " back from the open");
    CHECK(sender.seen.saw(token + " back from the open", kPatience));
    CHECK_FALSE(sender.seen.saw(token + " back from the closed", kSettled));
}

std::vector<Sender> senders(Scene& scene, bool v6) {
    return {{"another pod", scene.other->wire, scene.other->frame(), scene.other->own(v6), scene.other->wire},
            {"a host outside", scene.outside->wire, scene.outside->frame(), v6 ? kServer6 : kServer4, scene.outside->wire}};
}

}  // namespace

TEST_CASE("a forwarded datagram that the node splits again does not become the node's own") {
    const bool translated = GENERATE(false, true);
    INFO((translated ? "ipMasq" : "a stateful firewall"));
    Scene scene(translated);
    std::uint16_t port = kPort;
    for (const Cut& cut : kUnlike) {
        for (const Sender& sender : senders(scene, cut.v6)) {
            attack(scene, sender, cut, port++);
        }
    }
}

TEST_CASE("fragments that the node forwards unchanged, and those of IPv4, do not count as the node's own") {
    Scene scene(false);
    std::uint16_t port = kPort;
    constexpr Cut kCuts[] = {
        {"IPv6, alike", 1400, true, false},
        {"IPv6, alike and short", 600, true, false},
        {"IPv4, alike", 1400, false, false},
        {"IPv4, options on the first only", 1400, false, true},
        {"IPv4, options on the first only, and short", 600, false, true},
    };
    for (const Cut& cut : kCuts) {
        for (const Sender& sender : senders(scene, cut.v6)) {
            attack(scene, sender, cut, port++);
        }
    }
}

TEST_CASE("an atomic fragment does not count as the node's own, with connection tracking or without") {
    Site site;
    site.node.write_policy("closed.yaml", kClosedPolicy);
    const AttackPod closed(site.node, "closed", "closed");
    const AttackPod open(site.node, "open", "open");
    const Outsider outside(site.world);
    const Fd at_open = bound_udp(open.pod->netns, AF_INET6, kPort);
    const Fd at_closed = bound_udp(closed.pod->netns, AF_INET6, kPort);
    for (const char* how : {"without", "with"}) {
        INFO(how);
        std::optional<Firewall> firewall;
        if (how == std::string("with")) {
            firewall.emplace();
        }
        for (const AttackPod* to : {&closed, &open}) {
            outside.wire.send(outside.frame().ip(kServer6, to->v6).fragment(7, 0, false).udp(kPort, kPort).payload(how).build());
        }
        CHECK(hears(at_open, how, kPatience));
        CHECK_FALSE(hears(at_closed, how, kSettled));
    }
    site.node.remove(*closed.pod);
    site.node.remove(*open.pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("a forwarded packet with the node's address as source does not count as the node's own, in fragments or whole") {
    // Not a port of the cases above: the kernel still tracks their connections, some with the node's address by translation, and drops
    // a new one whose replies could not be told from theirs.
    constexpr std::uint16_t kOwnPort = kPort + 500;
    Scene scene(false);
    const Fd at_open = bound_udp(scene.open->pod->netns, AF_INET6, kOwnPort);
    const Fd at_closed = bound_udp(scene.closed->pod->netns, AF_INET6, kOwnPort);
    const Outsider& outside = *scene.outside;
    for (const Cut& cut : kUnlike) {
        INFO(cut.name);
        // Sent again until the open pod has it: what arrives while a new neighbour is looked up, or a queue is full, may be lost.
        const bool arrives = eventually([&] {
            for (const AttackPod* to : {&*scene.closed, &*scene.open}) {
                send_cut(outside.wire, outside.frame(), kNodeAddress6, to->v6, kOwnPort, cut.name, cut);
            }
            return hears(at_open, cut.name, kSettled);
        });
        CHECK(arrives);
        CHECK_FALSE(hears(at_closed, cut.name, kSettled));
    }
    for (const AttackPod* to : {&*scene.closed, &*scene.open}) {
        outside.wire.send(outside.frame().ip(kNodeAddress6, to->v6).udp(kOwnPort + 1, kOwnPort).payload("whole").build());
    }
    CHECK(hears(at_open, "whole", kPatience));
    CHECK_FALSE(hears(at_closed, "whole", kSettled));
}
