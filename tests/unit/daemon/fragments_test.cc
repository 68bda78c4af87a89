// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/fragments.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/manual_clock.h"
#include "support/packet.h"

using namespace namegate;
using namespace namegate::daemon;
using namespace namegate::test;

namespace {

constexpr std::uint32_t kEndpoint = 7;
const Bytes kWhole = [] {
    Bytes bytes(1000);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 7);
    }
    return bytes;
}();

// A frame with these bytes of the whole datagram.
Bytes piece(std::size_t from, std::size_t to, std::uint32_t id = 1) {
    const Bytes data(kWhole.begin() + static_cast<std::ptrdiff_t>(from), kWhole.begin() + static_cast<std::ptrdiff_t>(to));
    return Packet()
        .ethernet()
        .ip("192.0.2.53", "10.88.0.2")
        .protocol(17)
        .fragment(id, static_cast<std::uint16_t>(from), to < kWhole.size())
        .payload(data)
        .build();
}

struct Queue {
    ManualClock clock;
    Fragments fragments{clock};

    std::optional<std::vector<std::uint8_t>> add(const Bytes& bytes, std::uint32_t endpoint = kEndpoint) {
        const auto whole = fragments.add(endpoint, *parse_frame(bytes));
        return whole ? std::optional(whole->bytes) : std::nullopt;
    }
};

}  // namespace

TEST_CASE("a datagram is complete when all of it has arrived, in any order, and not before") {
    std::vector<std::pair<std::size_t, std::size_t>> parts = {{0, 400}, {400, 800}, {800, 1000}};
    do {
        Queue queue;
        CHECK_FALSE(queue.add(piece(parts[0].first, parts[0].second)));
        CHECK_FALSE(queue.add(piece(parts[1].first, parts[1].second)));
        CHECK_FALSE(queue.add(piece(parts[1].first, parts[1].second)));  // arrives twice
        CHECK(queue.add(piece(parts[2].first, parts[2].second)) == kWhole);
        CHECK(queue.fragments.size() == 0);
    } while (std::next_permutation(parts.begin(), parts.end()));
}

TEST_CASE("overlapping fragments invalidate their datagram") {
    Queue queue;
    CHECK_FALSE(queue.add(piece(0, 400)));
    CHECK_FALSE(queue.add(piece(392, 800)));
    CHECK_FALSE(queue.add(piece(400, 800)));
    CHECK_FALSE(queue.add(piece(800, 1000)));
    // After the timeout, the next one with that id is another datagram.
    queue.clock.advance_seconds(31);
    CHECK_FALSE(queue.add(piece(0, 800)));
    CHECK(queue.add(piece(800, 1000)) == kWhole);
}

TEST_CASE("fragments of different datagrams and endpoints are kept apart") {
    Queue queue;
    CHECK_FALSE(queue.add(piece(0, 800, 1)));
    CHECK_FALSE(queue.add(piece(800, 1000, 2)));
    CHECK_FALSE(queue.add(piece(800, 1000, 1), kEndpoint + 1));
    CHECK(queue.add(piece(800, 1000, 1)) == kWhole);
}

TEST_CASE("an endpoint's incomplete datagrams are bounded: its oldest one is evicted, and no other endpoint's") {
    Queue queue;
    CHECK_FALSE(queue.add(piece(0, 800, 99), kEndpoint + 1));
    for (std::uint32_t id = 0; id < kMaxDatagramsPerEndpoint + 5; ++id) {
        queue.clock.advance_seconds(1);
        CHECK_FALSE(queue.add(piece(0, 800, id)));
    }
    CHECK(queue.fragments.size() == kMaxDatagramsPerEndpoint + 1);
    CHECK_FALSE(queue.add(piece(800, 1000, 0)));
    CHECK(queue.add(piece(800, 1000, kMaxDatagramsPerEndpoint + 4)) == kWhole);
    CHECK(queue.add(piece(800, 1000, 99), kEndpoint + 1) == kWhole);
}

TEST_CASE("too many small fragments are not a datagram") {
    Queue queue;
    std::optional<std::vector<std::uint8_t>> whole;
    for (std::size_t at = 0; at < kWhole.size() && !whole; at += 8) {
        whole = queue.add(piece(at, at + 8));
    }
    CHECK(whole == kWhole);  // 125 of them are accepted
    Bytes large(2000);
    for (std::uint16_t at = 0; at < 1040; at = static_cast<std::uint16_t>(at + 8)) {
        queue.add(Packet().ethernet().ip("192.0.2.53", "10.88.0.2").protocol(17).fragment(5, at, true).payload(Bytes(8)).build());
    }
    CHECK_FALSE(
        queue.add(Packet().ethernet().ip("192.0.2.53", "10.88.0.2").protocol(17).fragment(5, 1040, false).payload(Bytes(8)).build()));
}

TEST_CASE("datagrams that wait too long, or whose endpoint is gone, are evicted") {
    Queue queue;
    queue.add(piece(0, 800, 1));
    queue.add(piece(0, 800, 2), kEndpoint + 1);
    queue.fragments.expire([](std::uint32_t endpoint) { return endpoint == kEndpoint; });
    CHECK(queue.fragments.size() == 1);
    queue.clock.advance_seconds(31);
    queue.fragments.expire([](std::uint32_t) { return true; });
    CHECK(queue.fragments.size() == 0);
}

TEST_CASE("a datagram has the time of the query that one of its fragments shows") {
    ManualClock clock;
    Fragments fragments(clock);
    CHECK_FALSE(fragments.add(kEndpoint, *parse_frame(piece(0, 800, 1)), 70));
    CHECK_FALSE(fragments.add(kEndpoint, *parse_frame(piece(0, 800, 2))));
    const auto known = fragments.add(kEndpoint, *parse_frame(piece(800, 1000, 1)));
    const auto unknown = fragments.add(kEndpoint, *parse_frame(piece(800, 1000, 2)));
    REQUIRE(known);
    CHECK(known->asked_boot_ns == 70);
    REQUIRE(unknown);
    CHECK(unknown->asked_boot_ns == 0);
}
