// SPDX-License-Identifier: Apache-2.0
#include "dns/tcp_stream.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

using namespace namegate;
using namespace namegate::dns;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Messages = std::vector<Bytes>;

Bytes framed(const Messages& messages) {
    Bytes out;
    for (const Bytes& message : messages) {
        out.push_back(static_cast<std::uint8_t>(message.size() >> 8));
        out.push_back(static_cast<std::uint8_t>(message.size() & 0xff));
        out.insert(out.end(), message.begin(), message.end());
    }
    return out;
}

struct Receiver {
    explicit Receiver(std::uint32_t next) : stream(next) {}

    bool add(std::uint32_t sequence, std::span<const std::uint8_t> payload) {
        return stream
            .add(sequence, payload, [this](std::span<const std::uint8_t> message) { got.emplace_back(message.begin(), message.end()); })
            .has_value();
    }

    TcpStream stream;
    Messages got;
};

Bytes text(const std::string& words) { return {words.begin(), words.end()}; }

}  // namespace

TEST_CASE("messages come out complete, wherever the stream is cut in two") {
    const Messages messages = {text("first"), text(""), text("the second one")};
    const Bytes bytes = framed(messages);
    // Also across the wrap of the sequence numbers.
    for (const std::uint32_t start : {std::uint32_t{1}, std::uint32_t{0xffffffff}, std::uint32_t{0xfffffff8}}) {
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            for (const bool reversed : {false, true}) {
                Receiver receiver(start);
                const std::span<const std::uint8_t> all(bytes);
                const auto behind = static_cast<std::uint32_t>(start + cut);
                CHECK(receiver.add(reversed ? behind : start, reversed ? all.subspan(cut) : all.first(cut)));
                CHECK(receiver.add(reversed ? start : behind, reversed ? all.first(cut) : all.subspan(cut)));
                CHECK(receiver.got == messages);
                CHECK(receiver.stream.buffered() == 0);
                CHECK(receiver.stream.next() == static_cast<std::uint32_t>(start + bytes.size()));
            }
        }
    }
}

TEST_CASE("a message of 64 KB, in segments") {
    const Messages messages = {Bytes(65535, 'x'), text("behind")};
    const Bytes bytes = framed(messages);
    Receiver receiver(100);
    for (std::size_t at = 0; at < bytes.size(); at += 1448) {
        const std::size_t size = std::min<std::size_t>(1448, bytes.size() - at);
        CHECK(receiver.add(static_cast<std::uint32_t>(100 + at), std::span<const std::uint8_t>(bytes).subspan(at, size)));
    }
    CHECK(receiver.got == messages);
}

TEST_CASE("segments repeated, overlapping and out of order, at random, give the same messages") {
    const char* set = std::getenv("NAMEGATE_SEED");  // NOLINT(concurrency-mt-unsafe): one thread
    const auto seed = set == nullptr ? std::random_device{}() : static_cast<unsigned>(std::strtoul(set, nullptr, 10));
    std::cout << "tcp_stream seed " << seed << "\n";
    std::mt19937 random(seed);
    const auto below = [&random](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
    for (int round = 0; round < 500; ++round) {
        Messages messages(1 + below(5));
        for (Bytes& message : messages) {
            message.resize(below(300));
            std::generate(message.begin(), message.end(), [&] { return static_cast<std::uint8_t>(below(256)); });
        }
        const Bytes bytes = framed(messages);
        const auto start = static_cast<std::uint32_t>(random());
        Receiver receiver(start);
        // Random pieces first, then all of it in order, as retransmission does in the end.
        for (int i = 0; i < 40; ++i) {
            const std::size_t from = below(bytes.size());
            const std::size_t size = 1 + below(bytes.size() - from);
            REQUIRE(receiver.add(static_cast<std::uint32_t>(start + from), std::span<const std::uint8_t>(bytes).subspan(from, size)));
        }
        REQUIRE(receiver.add(start, bytes));
        REQUIRE(receiver.got == messages);
        REQUIRE(receiver.stream.buffered() == 0);
    }
}

TEST_CASE("when bytes arrive twice, the first ones count") {
    const Bytes good = framed({text("good")});
    const Bytes evil = framed({text("evil")});
    Receiver receiver(0);
    CHECK(receiver.add(3, std::span<const std::uint8_t>(good).subspan(3)));
    CHECK(receiver.add(0, evil));
    CHECK(receiver.got == Messages{text("eood")});
    CHECK(receiver.add(0, evil));
    CHECK(receiver.got.size() == 1);
}

TEST_CASE("data after a gap is bounded") {
    Receiver receiver(0);
    const Bytes bytes(kMaxStreamWaiting, 'x');
    CHECK(receiver.add(10, bytes));
    CHECK_FALSE(receiver.add(static_cast<std::uint32_t>(10 + bytes.size()), std::span<const std::uint8_t>(bytes).first(1)));
    Receiver pieces(0);
    std::uint32_t at = 2;
    for (std::size_t i = 0; i < kMaxStreamPieces; ++i, at += 2) {
        CHECK(pieces.add(at, std::span<const std::uint8_t>(bytes).first(1)));
    }
    CHECK_FALSE(pieces.add(at, std::span<const std::uint8_t>(bytes).first(1)));
}
