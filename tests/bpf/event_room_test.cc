// SPDX-License-Identifier: Apache-2.0
//
// The room for responses in the ring to the daemon: one endpoint cannot use all of it while the daemon does not read.
#include <catch2/catch.hpp>
#include <map>

#include "datapath/events.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

Bytes large_answer() {
    DnsMessage message = DnsMessage::response("example.com");
    for (unsigned i = 1; i <= 60; ++i) {
        message.a("example.com", "203.0.113." + std::to_string(i));
    }
    return message.build();
}

// By endpoint, the number and the bytes of the events that are in the ring.
struct Unread {
    std::size_t events = 0;
    std::size_t bytes = 0;
};
std::map<std::uint32_t, Unread> read_all(Scene& scene) {
    std::map<std::uint32_t, Unread> out;
    const auto reader =
        must(datapath::EventReader::create(scene.datapath(), [&out](const ng_event& event, std::span<const std::uint8_t> payload) {
            out[event.endpoint].events += 1;
            out[event.endpoint].bytes += sizeof event + payload.size();
        }));
    while (must(reader->consume()) > 0) {
    }
    return out;
}

std::uint32_t now_tick(Scene& scene) { return datapath::tick_of(must(datapath::read_clock(scene.datapath())).boot_ns); }

}  // namespace

TEST_CASE("an endpoint with many responses leaves room in the ring for those of others") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    read_all(scene);
    const std::uint32_t greedy = scene.identity().endpoint;
    const Bytes question = DnsMessage::query("example.com").build();
    const Bytes answer = large_answer();
    const std::uint32_t first = now_tick(scene);
    constexpr std::size_t kResponses = 3 * NG_DNS_RING_BYTES / 1024;
    for (std::size_t i = 0; i < kResponses; ++i) {
        REQUIRE(scene.resolve(question, answer));
    }
    const std::uint64_t lost = scene.count(NG_R_EVENT_LOST);
    const std::uint32_t ticks = now_tick(scene) - first + 1;
    scene.replace_endpoint();
    scene.apply(domain_policy("example.com"));
    constexpr std::size_t kOthers = 10;
    for (std::size_t i = 0; i < kOthers; ++i) {
        REQUIRE(scene.resolve(question, answer));
    }
    CHECK(scene.count(NG_R_EVENT_LOST) == 0);
    CHECK(scene.learnt().size() == 60);
    auto unread = read_all(scene);
    INFO("ticks " << ticks);
    CHECK(unread[scene.identity().endpoint].events == kOthers);
    CHECK(unread[greedy].events + lost == kResponses);
    CHECK(unread[greedy].bytes > NG_DNS_RING_ROOMY / 2);
    CHECK(unread[greedy].bytes <= NG_DNS_RING_ROOMY + ticks * NG_DNS_BYTES_PER_TICK + sizeof(ng_event) + answer.size());
}

TEST_CASE("an endpoint is not limited while the daemon reads") {
    Scene scene;
    scene.apply(domain_policy("example.com"));
    read_all(scene);
    const Bytes question = DnsMessage::query("example.com").build();
    const Bytes answer = large_answer();
    std::size_t events = 0;
    constexpr std::size_t kResponses = 2 * NG_DNS_RING_BYTES / 1024;
    for (std::size_t i = 1; i <= kResponses; ++i) {
        REQUIRE(scene.resolve(question, answer));
        if (i % 128 == 0) {
            events += read_all(scene)[scene.identity().endpoint].events;
        }
    }
    CHECK(scene.count(NG_R_EVENT_LOST) == 0);
    CHECK(events == kResponses);
}
