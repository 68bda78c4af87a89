// SPDX-License-Identifier: Apache-2.0
//
// Connections bound to TLS names: the bytes that are judged are those that the server gets (T8). Each way to show one name to the
// programs and another to the server, by a hostile pod; and what honest stacks do that looks similar.
#include <catch2/catch.hpp>

#include "datapath/hello_maps.h"
#include "tls_connection.h"

using namespace namegate;
using namespace namegate::test;

namespace {

const std::string kTlsRule = tls_rule("require", "api.example.com");
const Bytes kBigGood = ClientHello("api.example.com").padding(1500).record();

Bytes slice(const Bytes& bytes, std::size_t from, std::size_t to = SIZE_MAX) {
    const std::size_t end = std::min(to, bytes.size());
    return {bytes.begin() + static_cast<std::ptrdiff_t>(std::min(from, end)), bytes.begin() + static_cast<std::ptrdiff_t>(end)};
}
Bytes glued(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

// A plain SYN with these TCP options and this data, its checksum complete.
Bytes syn_with(std::string_view server, std::uint16_t port, const Bytes& options, const Bytes& data) {
    Bytes body = options;
    body.resize((options.size() + 3) / 4 * 4, 0);
    const std::size_t words = 5 + body.size() / 4;
    body.insert(body.end(), data.begin(), data.end());
    Bytes frame = from_pod(server).tcp(port, 443, kSyn).sequence(TlsConnection::kIsn).payload(body).build();
    const std::size_t tcp = frame.size() - body.size() - 20;
    // The checksum of the other length of the header: the byte changes by this much.
    const std::uint32_t before = std::uint32_t{frame[tcp + 12]} << 8;
    const std::uint32_t after = static_cast<std::uint32_t>(words << 12);
    std::uint32_t sum = static_cast<std::uint16_t>(~(frame[tcp + 16] << 8 | frame[tcp + 17]));
    sum += (~before & 0xffff) + after;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    frame[tcp + 12] = static_cast<std::uint8_t>(words << 4);
    frame[tcp + 16] = static_cast<std::uint8_t>(~sum >> 8);
    frame[tcp + 17] = static_cast<std::uint8_t>(~sum & 0xff);
    return frame;
}

// Is the TCP checksum of the frame right?
bool is_sound(const Bytes& frame) {
    const bool v6 = frame[14] >> 4 == 6;
    const std::size_t tcp = 14 + (v6 ? 40 : 20);
    std::uint32_t sum = 6 + static_cast<std::uint32_t>(frame.size() - tcp);
    const std::size_t addresses = v6 ? 14 + 8 : 14 + 12;
    for (std::size_t i = addresses; i < frame.size(); i += 2) {
        sum += static_cast<std::uint32_t>(frame[i] << 8 | (i + 1 < frame.size() ? frame[i + 1] : 0));
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum == 0xffff;
}

}  // namespace

TEST_CASE("T8: a hello may be split anywhere", "[T8+][T8-]") {
    for (const char* server : {kShared4, kShared6}) {
        TlsScene scene({kTlsRule});
        for (std::uint32_t at = 1; at < count_of(kGoodHello); ++at) {
            INFO("split at " << at);
            TlsConnection tls(scene, server);
            tls.open();
            CHECK(tls.data(0, slice(kGoodHello, 0, at)).passed());
            CHECK(tls.data(at, slice(kGoodHello, at)).passed());
            CHECK(tls.server(count_of(kGoodHello), server_hello()).passed());
            CHECK(tls.is_decided(10));
            TlsConnection evil(scene, server);
            evil.open();
            const bool first = evil.data(0, slice(kEvilHello, 0, at)).passed();
            CHECK_FALSE((first && evil.data(at, slice(kEvilHello, at)).passed()));
        }
    }
}

TEST_CASE("T8: a hello may come byte by byte, and is denied as soon as its name is complete") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    tls.open();
    for (std::uint32_t at = 0; at < count_of(kGoodHello); ++at) {
        CHECK(tls.data(at, slice(kGoodHello, at, at + 1)).passed());
    }
    CHECK(tls.server(count_of(kGoodHello), server_hello()).passed());
    CHECK(tls.is_decided(10));

    // Behind the name there is much more, which is not needed to deny.
    const Bytes long_evil = ClientHello("bad.example.com").padding(8000).record();
    TlsConnection evil(scene);
    evil.open();
    std::uint32_t at = 0;
    while (at < count_of(long_evil) && evil.data(at, slice(long_evil, at, at + 1)).passed()) {
        ++at;
    }
    CHECK(at < 150);
    CHECK(scene.count(NG_R_TLS_NAME) == 1);
}

TEST_CASE("T8: a hello may be spread over records, and be as long as the limit") {
    TlsScene scene({kTlsRule});
    for (const std::size_t record : {1U, 3U, 4U, 40U, 100U}) {
        const Bytes hello = ClientHello("api.example.com").record(record);
        TlsConnection tls(scene);
        tls.open();
        const bool within = count_of(ClientHello("api.example.com").message()) <= record * NG_HELLO_RECORDS;
        CHECK(tls.data(0, hello).passed() == within);
        if (within) {
            CHECK(tls.server(count_of(hello), server_hello()).passed());
            CHECK(tls.is_decided(10));
        }
    }
    for (const std::size_t size : {3000U, 9000U, 15000U, 16500U, 60000U}) {
        INFO(size << " bytes");
        const Bytes hello = ClientHello("api.example.com").padding(size).record();
        TlsConnection tls(scene);
        tls.open();
        bool passed = true;
        for (std::uint32_t at = 0; at < count_of(hello) && passed; at += 1400) {
            passed = tls.data(at, slice(hello, at, at + 1400)).passed();
        }
        CHECK(passed == (size < NG_HELLO_MAX));
        CHECK((!passed || tls.server(count_of(hello), server_hello()).passed()));
        CHECK((!passed || tls.is_decided(10)));
    }
    CHECK(scene.count(NG_R_TLS_FORM) >= 2);
}

TEST_CASE("T8: bytes that were recorded may pass again, others in their place may not") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.data(0, slice(kGoodHello, 0, 70)).passed());
    CHECK(tls.data(0, slice(kGoodHello, 0, 70)).passed());
    CHECK(tls.data(20, slice(kGoodHello, 20, 60)).passed());
    CHECK(tls.data(0, slice(kEvilHello, 0, 70)).dropped() == (slice(kEvilHello, 0, 70) != slice(kGoodHello, 0, 70)));
    Bytes changed = slice(kGoodHello, 30, 90);
    changed[39] ^= 1;  // byte 69, which was recorded
    CHECK(tls.data(30, changed).dropped());
    CHECK(tls.data(30, slice(kGoodHello, 30, 90)).passed());  // old bytes and new ones
    CHECK(tls.data(90, slice(kGoodHello, 90)).passed());
    // The hello is accepted, but the server may not have it yet.
    CHECK(tls.data(0, kEvilHello).dropped());
    CHECK(tls.data(0, kGoodHello).passed());
    CHECK(tls.data(80, slice(kEvilHello, 80)).passed() == (slice(kEvilHello, 80) == slice(kGoodHello, 80)));
    CHECK(scene.count(NG_R_TLS_UNFIT) >= 2);
    CHECK(tls.server(count_of(kGoodHello), server_hello()).passed());
    CHECK(tls.data(0, kEvilHello).passed());  // the server has the hello and ignores this
}

TEST_CASE("T8: nothing passes behind a gap or before the first byte") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.data(1, kGoodHello).dropped());
    CHECK(tls.data(50, slice(kGoodHello, 50)).dropped());
    CHECK(tls.data(0xffffffff, glued({0}, kEvilHello)).dropped());
    CHECK(tls.data(0x80000000, kEvilHello).dropped());
    CHECK(tls.data(0, slice(kGoodHello, 0, 50)).passed());
    CHECK(tls.data(51, slice(kGoodHello, 51)).dropped());
    CHECK(tls.data(0xffffffff, glued({0}, slice(kEvilHello, 0, 30))).dropped());
    CHECK(tls.data(50, slice(kGoodHello, 50)).passed());
    CHECK(scene.count(NG_R_TLS_WAITS) >= 4);
}

TEST_CASE("T8: urgent data, data on SYN or RST, and fragments do not pass") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.send(kAck | kUrgent, TlsConnection::kIsn + 1, kGoodHello).dropped());
    CHECK(tls.send(kRst | kAck, TlsConnection::kIsn + 1, kGoodHello).dropped());
    CHECK(tls.send(kSyn | kAck, TlsConnection::kIsn + 1, kGoodHello).dropped());
    const Bytes fragment = Packet()
                               .ethernet()
                               .ip(kPod4, kShared4)
                               .fragment(7, 0, true)
                               .tcp(tls.port(), 443, kAck)
                               .sequence(TlsConnection::kIsn + 1, TlsConnection::kServerIsn + 1)
                               .payload(slice(kGoodHello, 0, 44))
                               .build();
    CHECK(scene.scene.egress(fragment).dropped());
    CHECK(tls.talks(kGoodHello));
}

TEST_CASE("T8: a hello counts only once the server has acknowledged it whole") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.data(0, kGoodHello).passed());
    CHECK(tls.server(count_of(kGoodHello) - 1, server_hello()).passed());
    CHECK(tls.data(0, kEvilHello).dropped());
    CHECK(tls.receive(kAck, TlsConnection::kServerIsn + 1, TlsConnection::kIsn + 1 + count_of(kGoodHello) + 50).passed());  // not sent
    CHECK(tls.data(0, kEvilHello).dropped());
    CHECK(tls.server(count_of(kGoodHello)).passed());  // and its first record came before
    CHECK(tls.data(0, kEvilHello).passed());
}

TEST_CASE("T8: a server that answers the hello with something else does not speak TLS") {
    for (const Bytes& answer : {Bytes{'H', 'T', 'T', 'P', '/', '1', '.', '1'}, Bytes{'E', 'R', 'R', 'O', 'R', '\r', '\n'}, Bytes(8, 0x16),
                                tls_record(kHandshake, glued({11}, Bytes(60, 0))), tls_record(kApplicationData, Bytes(60, 0))}) {
        TlsScene scene({kTlsRule});
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.data(0, kGoodHello).passed());
        CHECK(tls.server(count_of(kGoodHello), answer).dropped());
        CHECK(tls.data(count_of(kGoodHello), {'g', 'e', 't'}).dropped());
        CHECK(scene.count(NG_R_TLS_NOT_TLS) == 1);
    }
    TlsScene scene({kTlsRule});
    TlsConnection refused(scene);
    refused.open();
    CHECK(refused.data(0, kGoodHello).passed());
    CHECK(refused.server(count_of(kGoodHello), tls_record(kAlert, {2, 40})).passed());
    CHECK(scene.count(NG_R_TLS_NOT_TLS) == 0);
}

TEST_CASE("T8: before the server's record nothing but the hello's own kind of bytes pass") {
    TlsScene scene({kTlsRule});
    const Bytes early = glued(tls_record(kChangeCipher, {1}), tls_record(kApplicationData, Bytes(500, 7)));
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.data(0, glued(kGoodHello, early)).passed());  // early data in the same segment
    CHECK(tls.data(count_of(kGoodHello) + count_of(early), tls_record(kApplicationData, Bytes(700, 8))).passed());
    CHECK(tls.data(0, glued(kEvilHello, early)).dropped());
    CHECK(tls.server(count_of(kGoodHello) + count_of(early), server_hello()).passed());
    CHECK(tls.is_decided(10));

    // A second hello behind the first is not an honest client's.
    for (const bool same_segment : {true, false}) {
        TlsConnection second(scene);
        second.open();
        if (same_segment) {
            CHECK(second.data(0, glued(kGoodHello, kEvilHello)).dropped());
        } else {
            CHECK(second.data(0, kGoodHello).passed());
            CHECK(second.data(count_of(kGoodHello), kEvilHello).dropped());
        }
        CHECK(second.data(0, kGoodHello).dropped());
    }
    // Nor is another message in the record of the hello, or another type of message.
    TlsConnection two(scene);
    two.open();
    CHECK(two.data(0, tls_record(kHandshake, glued(ClientHello("api.example.com").message(), {11, 0, 0, 0}))).dropped());
    TlsConnection other(scene);
    other.open();
    CHECK(other.data(0, tls_record(kHandshake, glued({2}, slice(ClientHello("api.example.com").message(), 1)))).dropped());
    TlsConnection empty(scene);
    empty.open();
    CHECK(empty.data(0, glued(tls_record(kHandshake, {}), kGoodHello)).dropped());
}

TEST_CASE("T8: early data beyond the buffer waits for the server") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.data(0, kGoodHello).passed());
    std::uint32_t at = count_of(kGoodHello);
    const Bytes record = tls_record(kApplicationData, Bytes(1300, 7));
    while (at + count_of(record) <= NG_HELLO_MAX) {
        CHECK(tls.data(at, record).passed());
        at += count_of(record);
    }
    CHECK(tls.data(at, record).dropped());
    CHECK(scene.count(NG_R_TLS_WAITS) == 1);
    CHECK(tls.server(at, server_hello()).passed());
    CHECK(tls.data(at, record).passed());
}

TEST_CASE("T8: after a HelloRetryRequest, the second hello is judged like the first") {
    TlsScene scene({kTlsRule});
    const auto begin = [&](TlsConnection& tls) {
        tls.open();
        REQUIRE(tls.data(0, kGoodHello).passed());
        REQUIRE(tls.server(count_of(kGoodHello), hello_retry_request()).passed());
    };
    TlsConnection same(scene);
    begin(same);
    const Bytes again = glued(tls_record(kChangeCipher, {1}), kGoodHello);
    CHECK(same.data(count_of(kGoodHello), again).passed());
    CHECK(same.server(count_of(kGoodHello) + count_of(again), server_hello()).passed());
    CHECK(same.is_decided(10));
    CHECK(scene.count(NG_R_TLS_NAMED) == 1);

    TlsConnection other(scene);
    begin(other);
    CHECK(other.data(count_of(kGoodHello), kEvilHello).dropped());
    CHECK(scene.count(NG_R_TLS_NAME) == 1);

    TlsConnection bare(scene);
    begin(bare);
    CHECK(bare.data(0, kEvilHello).dropped());  // the first one must stay the same
    CHECK(bare.data(count_of(kGoodHello), ClientHello().record()).dropped());

    // The request may come in pieces, behind a warning, or be repeated.
    const Bytes request = glued(tls_record(kAlert, {1, 112}), hello_retry_request());
    for (std::uint32_t piece : {1U, 5U, 20U, 49U}) {
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.data(0, kGoodHello).passed());
        for (std::uint32_t at = 0; at < count_of(request); at += piece) {
            CHECK(tls.server(count_of(kGoodHello), slice(request, at, at + piece)).passed());
        }
        CHECK(tls.data(count_of(kGoodHello), kEvilHello).dropped());
    }
}

TEST_CASE("T8: only the SYN-ACK that fits the latest SYN counts") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    CHECK(tls.syn().passed());
    CHECK(tls.data(0, kGoodHello).dropped());  // not answered yet
    CHECK(tls.receive(kSyn | kAck, 5, TlsConnection::kIsn).dropped());
    CHECK(tls.receive(kSyn | kAck, 5, TlsConnection::kIsn + 500).dropped());
    CHECK(tls.syn_ack().passed());
    CHECK(tls.syn_ack().passed());
    CHECK(tls.receive(kSyn | kAck, 5, TlsConnection::kIsn + 1).dropped());  // another beginning of the server's stream
    CHECK(tls.syn().passed());                                              // repeated
    CHECK(tls.data(0, slice(kGoodHello, 0, 60)).passed());
    // A new SYN voids everything; what the server says about the old one too.
    CHECK(tls.syn(90000).passed());
    CHECK(tls.data(0, kGoodHello).dropped());
    CHECK(tls.receive(kSyn | kAck, TlsConnection::kServerIsn, TlsConnection::kIsn + 1).dropped());
    CHECK(tls.syn_ack().passed());
    CHECK(tls.talks(kGoodHello));
}

TEST_CASE("T8: a new SYN on the ports of a decided connection begins again") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.talks(kGoodHello));
    CHECK(tls.syn(50000).passed());
    CHECK(tls.data(0, kEvilHello).dropped());
    CHECK(tls.syn_ack().passed());
    CHECK(tls.data(0, kEvilHello).dropped());
    CHECK(scene.count(NG_R_TLS_NAME) == 1);
}

TEST_CASE("T8: Fast Open becomes a plain SYN without data") {
    TlsScene scene({kTlsRule});
    const Bytes mss = {2, 4, 5, 180};
    const Bytes cookie = {34, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    const Bytes asks = {34, 2};
    const Bytes old = {254, 12, 0xf9, 0x89, 1, 2, 3, 4, 5, 6, 7, 8};
    for (const char* server : {kShared4, kShared6}) {
        for (const Bytes& option : {cookie, asks, old, Bytes{}}) {
            for (const Bytes& data : {Bytes{}, kGoodHello, kBigGood}) {
                const Bytes frame = syn_with(server, 31000, glued(mss, option), data);
                REQUIRE(is_sound(frame));
                const RunResult result = scene.scene.egress(frame);
                CHECK(result.passed());
                CHECK(is_sound(result.packet));
                CHECK(result.packet.size() == frame.size() - data.size());
                const std::size_t tcp = server == kShared4 ? 34 : 54;
                const Bytes options = slice(result.packet, tcp + 20);
                CHECK(slice(options, 0, 4) == mss);
                CHECK(std::all_of(options.begin() + 4, options.begin() + 4 + static_cast<std::ptrdiff_t>(option.size()),
                                  [](std::uint8_t byte) { return byte == 1; }));
            }
        }
    }
    // Multipath TCP would give the bytes other places in the stream; timestamps do not.
    const Bytes stamps = {8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
    for (const Bytes& option : {Bytes{30, 4, 1, 0xc1}, Bytes{69, 3, 1}, Bytes{99, 2}}) {
        const RunResult result = scene.scene.egress(syn_with(kShared4, 31002, glued(glued(stamps, option), mss), {}));
        CHECK(is_sound(result.packet));
        CHECK(slice(result.packet, 54, 54 + 10) == stamps);
        CHECK(slice(result.packet, 64, 64 + option.size()) == Bytes(option.size(), 1));
        CHECK(slice(result.packet, 64 + option.size(), 68 + option.size()) == mss);
    }
    // Options without sense: none is read behind them.
    for (const Bytes& options : {Bytes{0, 34, 2, 0}, Bytes{5, 0, 34, 2}, Bytes{2, 255, 34, 2}, Bytes{1, 1, 1, 34}}) {
        CHECK(scene.scene.egress(syn_with(kShared4, 31001, options, {})).passed());
    }
}

TEST_CASE("T8: a connection whose state was lost is denied") {
    TlsScene scene({kTlsRule});
    TlsConnection tls(scene);
    tls.open();
    const std::uint32_t slot = scene.scene.identity().slot;
    must(datapath::remove_hello_table(scene.scene.datapath(), slot));
    CHECK(tls.data(0, kGoodHello).dropped());
    TlsConnection none(scene);
    CHECK(none.syn().dropped());
    must(datapath::ensure_hello_table(scene.scene.datapath(), slot));
    TlsConnection later(scene);
    later.open();
    CHECK(later.talks(kGoodHello));
    CHECK(tls.data(0, kGoodHello).dropped());
}
