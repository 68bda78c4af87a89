// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/frame.h"

#include <catch2/catch.hpp>

#include "support/packet.h"

using namespace namegate;
using namespace namegate::daemon;
using namespace namegate::test;

namespace {

constexpr const char* kServer4 = "192.0.2.53";
constexpr const char* kPod4 = "10.88.0.2";
constexpr const char* kServer6 = "2001:db8::53";
constexpr const char* kPod6 = "fd00:88::2";

Packet from_server(bool v6) { return v6 ? Packet().ethernet().ip(kServer6, kPod6) : Packet().ethernet().ip(kServer4, kPod4); }

// The form in which a sender on this node leaves it: the checksum is that of the pseudo header alone, not inverted.
Bytes leave_checksum(Bytes bytes) {
    const Frame frame = *parse_frame(bytes);
    std::uint32_t sum = frame.protocol + static_cast<std::uint32_t>(frame.segment.size());
    for (const IpAddress& address : {frame.source, frame.destination}) {
        const std::string wire = address.wire();
        for (std::size_t i = 0; i < wire.size(); i += 2) {
            sum += static_cast<std::uint32_t>(static_cast<unsigned char>(wire[i]) << 8 | static_cast<unsigned char>(wire[i + 1]));
        }
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    const std::size_t at = frame.transport + checksum_offset(frame.protocol);
    bytes[at] = static_cast<std::uint8_t>(sum >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(sum & 0xff);
    return bytes;
}

}  // namespace

TEST_CASE("TCP and UDP frames of both families are parsed") {
    for (const bool v6 : {false, true}) {
        const Bytes bytes = from_server(v6).tcp(53, 40000, kAck | kPsh).sequence(0xfffffff0, 77).payload("hello").build();
        const auto frame = parse_frame(bytes);
        REQUIRE(frame);
        CHECK(frame->source.to_string() == (v6 ? kServer6 : kServer4));
        CHECK(frame->destination.to_string() == (v6 ? kPod6 : kPod4));
        CHECK(frame->protocol == 6);
        CHECK(frame->source_port == 53);
        CHECK(frame->destination_port == 40000);
        CHECK(frame->sequence == 0xfffffff0);
        CHECK(frame->acknowledged == 77);
        CHECK(frame->flags == (kAck | kPsh));
        CHECK(std::string(frame->payload().begin(), frame->payload().end()) == "hello");
        CHECK(checksum_of(*frame, frame->segment) == Checksum::kRight);
        const auto udp = parse_frame(from_server(v6).udp(53, 40000).payload("hello").build());
        REQUIRE(udp);
        CHECK(udp->payload().size() == 5);
        CHECK_FALSE(udp->fragment);
    }
}

TEST_CASE("a checksum is correct, still to be completed, or wrong") {
    for (const bool v6 : {false, true}) {
        for (const bool tcp : {false, true}) {
            for (const char* text : {"hello", "hello!", ""}) {
                Packet packet = from_server(v6);
                (tcp ? packet.tcp(53, 40000, kAck) : packet.udp(53, 40000)).payload(std::string_view(text));
                const Bytes good = packet.build();
                const auto judge = [](const Bytes& bytes) {
                    const Frame frame = *parse_frame(bytes);
                    return checksum_of(frame, frame.segment);
                };
                CHECK(judge(good) == Checksum::kRight);
                CHECK(judge(leave_checksum(good)) == Checksum::kToComplete);
                CHECK(judge(packet.bad_checksum().build()) == Checksum::kWrong);
            }
        }
        Bytes without = from_server(v6).udp(53, 40000).payload("hello").build();
        const std::size_t at = parse_frame(without)->transport + 6;
        without[at] = without[at + 1] = 0;
        const Frame frame = *parse_frame(without);
        CHECK(checksum_of(frame, frame.segment) == (v6 ? Checksum::kWrong : Checksum::kRight));
    }
}

TEST_CASE("link padding is not part of the packet; options and extension headers are skipped") {
    Bytes padded = from_server(false).udp(53, 40000).payload("x").build();
    padded.resize(60);
    CHECK(parse_frame(padded)->payload().size() == 1);
    CHECK(parse_frame(from_server(false).options({1, 1, 1, 0}).udp(53, 40000).payload("abc").build())->payload().size() == 3);
    CHECK(parse_frame(from_server(true).extension(0, {1, 4}).extension(60).udp(53, 40000).payload("abc").build())->payload().size() == 3);
}

TEST_CASE("the offset of a fragment is read") {
    for (const bool v6 : {false, true}) {
        const auto first = parse_frame(from_server(v6).fragment(9, 0, true).udp(53, 40000).payload("12345678").build());
        REQUIRE(first);
        CHECK(first->fragment);
        CHECK(first->more);
        CHECK(first->fragment_id == 9);
        CHECK(first->source_port == 53);
        const auto last = parse_frame(from_server(v6).protocol(17).fragment(9, 16, false).payload("tail").build());
        REQUIRE(last);
        CHECK(last->fragment);
        CHECK_FALSE(last->more);
        CHECK(last->fragment_offset == 16);
        CHECK(last->segment.size() == 4);
        CHECK(last->protocol == 17);
    }
}

TEST_CASE("a truncated frame does not parse, and is not read past its end") {
    for (const bool v6 : {false, true}) {
        const Bytes bytes = from_server(v6).extension(0, {}).tcp(53, 40000, kAck).payload("hello").build();
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            CHECK_FALSE(parse_frame(std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))));
        }
        CHECK(parse_frame(bytes));
    }
    CHECK_FALSE(parse_frame(Packet().ethernet().arp(1, kPodMac, kPod4, kServer4).build()));
}
