// SPDX-License-Identifier: Apache-2.0
//
// DNS over TCP, reassembled from segments. The first bytes say how a stream is cut, repeated and reordered, the rest is the stream;
// the result is its messages, in order, and all of them once all of it has arrived. Then the same segments as the queries and
// responses of one connection.
#include "dns/tcp_stream.h"

#include <algorithm>

#include "dns/tcp_exchange.h"
#include "fuzz/target.h"
#include "support/manual_clock.h"

using namespace namegate;

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kSegmentBytes = 4;
constexpr std::size_t kMaxSegments = 64;

struct Segment {
    std::size_t offset = 0;
    Bytes payload;
};

struct Input {
    std::uint32_t start = 0;
    std::vector<Segment> segments;
    Bytes stream;
};

Input read_input(Bytes bytes) {
    Input out;
    const std::size_t count = bytes[4] % kMaxSegments;
    for (std::size_t i = 0; i < 4; ++i) {
        out.start = out.start << 8U | bytes[i];
    }
    bytes = bytes.subspan(5);
    const std::size_t taken = std::min(count, bytes.size() / kSegmentBytes);
    out.stream = bytes.subspan(taken * kSegmentBytes);
    for (std::size_t i = 0; i < taken && !out.stream.empty(); ++i) {
        const auto number = [&](std::size_t at) { return static_cast<std::size_t>(bytes[i * kSegmentBytes + at]); };
        const std::size_t offset = (number(0) << 8U | number(1)) % out.stream.size();
        const std::size_t length = std::min(number(2) << 8U | number(3), out.stream.size() - offset);
        out.segments.push_back({offset, out.stream.subspan(offset, length)});
    }
    return out;
}

// The plain reading of the whole stream.
std::vector<Bytes> messages_of(Bytes stream) {
    std::vector<Bytes> out;
    while (stream.size() >= 2) {
        const std::size_t length = static_cast<std::size_t>(stream[0] << 8U | stream[1]);
        if (stream.size() - 2 < length) {
            break;
        }
        out.push_back(stream.subspan(2, length));
        stream = stream.subspan(2 + length);
    }
    return out;
}

void check_stream(const Input& input) {
    const std::vector<Bytes> expected = messages_of(input.stream);
    std::size_t seen = 0;
    const auto sink = [&](Bytes message) {
        fuzz::require(seen < expected.size() && std::equal(message.begin(), message.end(), expected[seen].begin(), expected[seen].end()),
                      "messages are complete and in order");
        ++seen;
    };
    dns::TcpStream stream(input.start);
    for (const Segment& segment : input.segments) {
        if (!stream.add(input.start + static_cast<std::uint32_t>(segment.offset), segment.payload, sink)) {
            return;
        }
        fuzz::require(stream.buffered() <= dns::kMaxStreamWaiting + 65'537, "what is buffered is bounded");
    }
    fuzz::require(stream.add(input.start, input.stream, sink).has_value(), "bytes without a gap are always accepted");
    fuzz::require(seen == expected.size(), "no message is missing at the end");
    fuzz::require(stream.next() == input.start + static_cast<std::uint32_t>(input.stream.size()), "the stream ends at its last byte");
}

// Segments are alternately the pod's and the server's.
void check_exchange(const Input& input) {
    const test::ManualClock clock;
    dns::TcpLimits limits;
    limits.connections = 2;
    limits.bytes = 4096;
    dns::TcpExchanges exchanges(clock, limits);
    dns::TcpPeers peers;
    peers.endpoint = 1;
    std::size_t answers = 0;
    for (const Segment& segment : input.segments) {
        peers.local_port = static_cast<std::uint16_t>(segment.offset % 3);
        const auto side = segment.payload.size() % 2 == 0 ? dns::TcpSide::kPod : dns::TcpSide::kServer;
        exchanges.open(peers, input.start, input.start);
        exchanges.add(peers, {side, input.start + static_cast<std::uint32_t>(segment.offset), segment.payload, 7},
                      [&](Bytes message, std::uint64_t asked_ns) {
                          fuzz::require(asked_ns == 7, "a response has the time of a query");
                          fuzz::require(message.size() >= 17 && (message[2] & 0x80U) != 0,
                                        "a message that counts is a response with a question");
                          ++answers;
                      });
        fuzz::require(exchanges.stats().connections <= limits.connections, "connections of an endpoint are bounded");
    }
    fuzz::require(exchanges.stats().responses == answers, "responses are counted");
    exchanges.expire([](std::uint32_t) { return false; });
    fuzz::require(exchanges.stats().connections == 0, "nothing is left of an endpoint that is gone");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) {
        return 0;
    }
    const Input input = read_input({data, size});
    check_stream(input);
    check_exchange(input);
    return 0;
}
