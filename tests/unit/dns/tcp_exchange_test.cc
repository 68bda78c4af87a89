// SPDX-License-Identifier: Apache-2.0
#include "dns/tcp_exchange.h"

#include <catch2/catch.hpp>

#include "support/dns_message.h"
#include "support/manual_clock.h"

using namespace namegate;
using namespace namegate::dns;
using namespace namegate::test;

namespace {

TcpPeers peers_of(std::uint32_t endpoint = 1, std::uint16_t port = 40000) {
    return {endpoint, *IpAddress::parse("10.88.0.2"), *IpAddress::parse("192.0.2.53"), port, 53};
}

// One connection, with the sequence numbers of both sides.
struct Talk {
    Talk(TcpExchanges& where, const TcpPeers& who) : exchanges(where), peers(who) { exchanges.open(peers, at[1], at[0]); }

    TcpFate send(TcpSide side, const Bytes& bytes) {
        std::uint32_t& next = at[side == TcpSide::kPod ? 0 : 1];
        const TcpFate fate =
            exchanges.add(peers, {side, next, bytes, now_ns}, [this](std::span<const std::uint8_t> message, std::uint64_t asked) {
                answers.emplace_back(message.begin(), message.end());
                asked_ns.push_back(asked);
            });
        next += static_cast<std::uint32_t>(bytes.size());
        return fate;
    }
    TcpFate asks(const DnsMessage& message) { return send(TcpSide::kPod, message.build_tcp()); }
    std::size_t answered(const DnsMessage& message) {
        answers.clear();
        send(TcpSide::kServer, message.build_tcp());
        return answers.size();
    }

    TcpExchanges& exchanges;
    TcpPeers peers;
    std::uint32_t at[2] = {1000, 0xfffffffe};
    std::uint64_t now_ns = 0;
    std::vector<std::uint64_t> asked_ns;  // of the queries of the responses
    std::vector<Bytes> answers;
};

DnsMessage query(std::string_view name, std::uint16_t id) { return DnsMessage::query(name).id(id); }
DnsMessage response(std::string_view name, std::uint16_t id) { return DnsMessage::response(name).id(id).a(name, "203.0.113.1"); }

}  // namespace

TEST_CASE("D10: over TCP too, only the response to a query counts, and once") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk talk(exchanges, peers_of());
    CHECK(talk.answered(response("example.com", 7)) == 0);  // before the query
    CHECK(talk.asks(query("example.com", 7)) == TcpFate::kFollowed);
    CHECK(talk.answered(response("example.com", 8)) == 0);
    CHECK(talk.answered(response("example.org", 7)) == 0);
    CHECK(talk.answered(response("example.com", 7).qr(false)) == 0);
    CHECK(talk.answered(response("example.com", 7).count(0, 2)) == 0);
    CHECK(talk.answered(DnsMessage::response("example.com", kTypeAaaa).id(7)) == 0);
    CHECK(talk.answered(response("example.com", 7)) == 1);
    CHECK(talk.answered(response("example.com", 7)) == 0);
    CHECK(exchanges.stats().responses == 1);
    CHECK(exchanges.stats().unsolicited == 7);
}

TEST_CASE("D18: over TCP too, a response may differ from its query in case; in no other byte, and not in the type") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk talk(exchanges, peers_of());
    talk.asks(query("wWw.Example.COM", 7));
    CHECK(talk.answered(response("www\\046example.com", 7)) == 0);
    CHECK(talk.answered(response("www.example.con", 7)) == 0);
    CHECK(talk.answered(response("Www.eXample.com", 7)) == 1);
    talk.asks(query("[@`{.example.com", 8));
    CHECK(talk.answered(response("{@`{.example.com", 8)) == 0);
    CHECK(talk.answered(response("[``{.example.com", 8)) == 0);
    CHECK(talk.answered(response("[@`{.example.com", 8)) == 1);
    talk.asks(DnsMessage::query("example.com", kTypeHttps).id(9));
    CHECK(talk.answered(DnsMessage::response("example.com", kTypeHttps | 0x20).id(9)) == 0);
    CHECK(talk.answered(DnsMessage::response("EXAMPLE.com", kTypeHttps).id(9)) == 1);
}

TEST_CASE("several queries at once, with responses in any order") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk talk(exchanges, peers_of());
    Bytes all;
    for (std::uint16_t id = 0; id < 20; ++id) {
        const Bytes one = query("n" + std::to_string(id) + ".example.com", id).build_tcp();
        all.insert(all.end(), one.begin(), one.end());
    }
    CHECK(talk.send(TcpSide::kPod, all) == TcpFate::kFollowed);
    for (std::uint16_t id = 20; id-- > 0;) {
        CHECK(talk.answered(response("n" + std::to_string(id) + ".example.com", id)) == 1);
    }
}

TEST_CASE("queries of one connection are not those of another, nor of another endpoint") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk one(exchanges, peers_of(1, 40000));
    Talk other(exchanges, peers_of(1, 40001));
    Talk foreign(exchanges, peers_of(2, 40000));
    one.asks(query("example.com", 7));
    CHECK(other.answered(response("example.com", 7)) == 0);
    CHECK(foreign.answered(response("example.com", 7)) == 0);
    CHECK(one.answered(response("example.com", 7)) == 1);
}

TEST_CASE("a connection that was not seen from its SYN is not followed; a repeated SYN changes nothing") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    const Bytes bytes = query("example.com", 7).build_tcp();
    const auto none = [](std::span<const std::uint8_t>, std::uint64_t) { FAIL("an answer"); };
    CHECK(exchanges.add(peers_of(), {TcpSide::kPod, 1, bytes, 0}, none) == TcpFate::kUnknown);
    Talk talk(exchanges, peers_of());
    talk.asks(query("example.com", 7));
    exchanges.open(peers_of(), 0xfffffffe, 1000);
    CHECK(talk.answered(response("example.com", 7)) == 1);
    // The same ports again: a new connection, without the queries of the old one.
    talk.asks(query("example.com", 8));
    exchanges.open(peers_of(), 5000, 6000);
    talk.at[1] = 5000;
    CHECK(talk.answered(response("example.com", 8)) == 0);
    exchanges.close(peers_of());
    CHECK(exchanges.add(peers_of(), {TcpSide::kPod, 1, bytes, 0}, none) == TcpFate::kUnknown);
    CHECK(exchanges.stats().connections == 0);
}

TEST_CASE("connections, queries and bytes of an endpoint are bounded, and those of other endpoints are not touched") {
    ManualClock clock;
    TcpLimits limits;
    limits.connections = 4;
    limits.bytes = 20'000;
    limits.queries = 3;
    TcpExchanges exchanges(clock, limits);
    Talk neighbour(exchanges, peers_of(2));
    neighbour.asks(query("example.com", 7));
    std::vector<std::unique_ptr<Talk>> talks;
    for (std::uint16_t i = 0; i < 6; ++i) {
        talks.push_back(std::make_unique<Talk>(exchanges, peers_of(1, static_cast<std::uint16_t>(40000 + i))));
    }
    CHECK(exchanges.stats().connections == 5);
    CHECK(talks[0]->asks(query("example.com", 1)) == TcpFate::kUnknown);
    for (std::uint16_t id = 1; id <= 5; ++id) {
        CHECK(talks[5]->asks(query("example.com", id)) == TcpFate::kFollowed);
    }
    CHECK(talks[5]->answered(response("example.com", 2)) == 0);
    CHECK(talks[5]->answered(response("example.com", 3)) == 1);
    // Half of a large message: the least recently used connections are evicted for it.
    CHECK(talks[5]->send(TcpSide::kServer, Bytes{0xff, 0xff}) == TcpFate::kFollowed);
    CHECK(talks[5]->send(TcpSide::kServer, Bytes(19'000, 0)) == TcpFate::kFollowed);
    CHECK(exchanges.stats().connections == 2);
    CHECK(talks[5]->send(TcpSide::kServer, Bytes(2'000, 0)) == TcpFate::kUnknown);
    CHECK(exchanges.stats().connections == 1);
    CHECK(neighbour.answered(response("example.com", 7)) == 1);
}

TEST_CASE("a stream that lost its position is not followed any further") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk talk(exchanges, peers_of());
    talk.at[1] += 10;  // a segment that was not seen
    TcpFate fate = TcpFate::kFollowed;
    for (int i = 0; i < 200 && fate == TcpFate::kFollowed; ++i) {
        fate = talk.send(TcpSide::kServer, Bytes(1448, 0));
    }
    CHECK(fate == TcpFate::kUnknown);
    CHECK(exchanges.stats().dropped == 1);
}

TEST_CASE("silent connections, and those of removed endpoints, are forgotten") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk one(exchanges, peers_of(1));
    Talk other(exchanges, peers_of(2));
    exchanges.expire([](std::uint32_t endpoint) { return endpoint == 1; });
    CHECK(exchanges.stats().connections == 1);
    clock.advance_seconds(3601);
    exchanges.expire([](std::uint32_t) { return true; });
    CHECK(exchanges.stats().connections == 0);
}

TEST_CASE("over TCP, a new connection with the ports of an older one starts from its own SYN") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk old(exchanges, peers_of());
    CHECK(old.asks(query("example.com", 7)) == TcpFate::kFollowed);
    // The same SYN again changes nothing.
    exchanges.begin(peers_of(), 1000);
    CHECK(old.answered(response("example.com", 7)) == 1);
    exchanges.begin(peers_of(), 1001);
    CHECK(exchanges.stats().connections == 0);
    CHECK(old.asks(query("example.com", 8)) == TcpFate::kUnknown);
}

TEST_CASE("over TCP, a segment that cannot belong to the stream ends it: its position is not trusted") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk talk(exchanges, peers_of());
    SECTION("from before its first byte") { talk.at[1] -= 100; }
    SECTION("far ahead") { talk.at[1] += 1U << 21; }
    SECTION("far behind") { talk.at[1] -= 1U << 21; }
    CHECK(talk.send(TcpSide::kServer, Bytes(200, 0)) == TcpFate::kUnknown);
    CHECK(exchanges.stats().connections == 0);
}

TEST_CASE("over TCP, after a loss nothing of that endpoint is followed any further") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk first(exchanges, peers_of(1, 40000));
    Talk second(exchanges, peers_of(1, 40001));
    Talk other(exchanges, peers_of(2));
    exchanges.forget(1);
    CHECK(first.asks(query("example.com", 7)) == TcpFate::kUnknown);
    CHECK(second.asks(query("example.com", 7)) == TcpFate::kUnknown);
    CHECK(other.asks(query("example.com", 7)) == TcpFate::kFollowed);
}

TEST_CASE("a response comes with the time of its own query") {
    ManualClock clock;
    TcpExchanges exchanges(clock, {});
    Talk talk(exchanges, peers_of());
    talk.now_ns = 100;
    talk.asks(query("example.com", 7));
    talk.now_ns = 250;
    talk.asks(query("example.net", 8));
    // Its segment is in two parts, of which the second completes it.
    const Bytes parts = query("example.org", 9).build_tcp();
    talk.send(TcpSide::kPod, Bytes(parts.begin(), parts.begin() + 5));
    talk.now_ns = 400;
    talk.send(TcpSide::kPod, Bytes(parts.begin() + 5, parts.end()));
    talk.now_ns = 900;
    CHECK(talk.answered(response("example.org", 9)) == 1);
    CHECK(talk.answered(response("example.net", 8)) == 1);
    CHECK(talk.answered(response("example.com", 7)) == 1);
    CHECK(talk.asked_ns == std::vector<std::uint64_t>{400, 250, 100});
}
