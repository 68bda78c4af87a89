// SPDX-License-Identifier: Apache-2.0
// Segments that pods send to the DNS over TCP use space in the ring to the daemon. Several pods together must not use up the space
// for the responses of another pod.
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "attacker.h"
#include "held_kinds.h"

namespace held_room_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::size_t kLargeFrame = 9300;  // with its headers more than the middle size of reservations
constexpr std::size_t kMiddleFrame = 9216;
constexpr unsigned kLargeFrames = 30;
constexpr std::uint16_t kPort = 42000;

struct Scene {
    explicit Scene(unsigned count) {
        site.world.set_script(answer_held);
        site.node.write_policy("policy.yaml", kHeldPolicy);
        site.node.start_daemon();
        for (unsigned i = 0; i < count; ++i) {
            attackers.push_back(std::make_unique<AttackPod>(site.node, "attacker" + std::to_string(i), "attacker"));
        }
        victim = site.node.add({"victim", "default", {}});
    }
    ~Scene() {
        for (const auto& one : attackers) {
            site.node.remove(*one->pod);
        }
        site.node.remove(*victim);
        CHECK(site.node.state() == "");
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    Scene(Scene&&) = delete;
    Scene& operator=(Scene&&) = delete;

    // Three lookups whose responses only the daemon can judge, all received before its loop runs again.
    void check_victim(Pause& pause) const {
        const unsigned first = World::take_indexes(3);
        std::vector<Visits> visits(3);
        std::vector<std::thread> clients;
        for (unsigned i = 0; i < 3; ++i) {
            clients.emplace_back([&, i] { run_inside(victim->netns, [&] { visit_held('m', first + i, i, visits[i]); }); });
        }
        std::this_thread::sleep_for(kDenied);
        pause.end();
        for (unsigned i = 0; i < 3; ++i) {
            clients[i].join();
            CHECK(visits[i].made == 1);
            CHECK(visits[i].failed() == 0);
        }
    }

    Site site;
    std::vector<std::unique_ptr<AttackPod>> attackers;
    std::unique_ptr<Pod> victim;
};

// One frame of several segments after the other, each sent when the previous one has arrived.
unsigned send_large(const Fd& tcp) {
    const std::string text(kLargeFrame, '\xff');
    unsigned sent = 0;
    while (sent < kLargeFrames && ::send(tcp.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
        ++sent;
        const bool arrived = eventually(
            [&] {
                int waiting = 1;
                return ::ioctl(tcp.get(), SIOCOUTQ, &waiting) == 0 && waiting == 0;
            },
            Milliseconds(200));
        if (!arrived) {
            break;
        }
    }
    return sent;
}

}  // namespace

TEST_CASE("five pods that send frames of 9 KB to the DNS do not use up the space for another pod's responses") {
    Scene scene(5);
    std::vector<Fd> streams;
    RawSocket wire(scene.attackers.front()->pod->host_ifname, ETH_P_IP);
    for (const auto& one : scene.attackers) {
        Fd tcp = socket_inside(one->pod->netns, AF_INET, SOCK_STREAM);
        const int on = 1;
        REQUIRE(::setsockopt(tcp.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
        REQUIRE(connect_to(tcp, *IpAddress::parse(kServer4), 53, kPatience).connected);
        streams.push_back(std::move(tcp));
    }
    REQUIRE(scene.site.node.ask_daemon("status"));
    Pause pause(scene.site.node);
    std::vector<std::thread> senders;
    std::vector<unsigned> sent(streams.size());
    for (std::size_t i = 0; i < streams.size(); ++i) {
        senders.emplace_back([&, i] { sent[i] = send_large(streams[i]); });
    }
    for (std::thread& sender : senders) {
        sender.join();
    }
    for (const unsigned one : sent) {
        CHECK(one < kLargeFrames);  // its share is used up, and what it sends beyond it is dropped
    }
    CHECK(wire.find([](std::string_view frame) { return frame.size() > kMiddleFrame; }));
    // What is left is less than one of these reserves.
    for (const auto& one : scene.attackers) {
        fill_held(*one, kPort);
    }
    scene.check_victim(pause);
}

TEST_CASE("ten pods that send segments of one byte do not use up the space for another pod's responses") {
    Scene scene(10);
    take_over_dns(scene.site.world.netns());
    REQUIRE(scene.site.node.ask_daemon("status"));
    Pause pause(scene.site.node);
    for (const auto& one : scene.attackers) {
        fill_held(*one, kPort);
    }
    scene.check_victim(pause);
}

}  // namespace held_room_test
