// SPDX-License-Identifier: Apache-2.0
//
// DNS queries for allowed names only, over TCP: the server must read exactly the messages that were judged (D19). Frames of a
// connection, as an honest or hostile pod sends them; no daemon takes part.
#include <catch2/catch.hpp>

#include "datapath/query_rules.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr std::uint32_t kPodIsn = 1000;
constexpr std::uint32_t kFirst = kPodIsn + 1;  // the sequence number of the first byte
constexpr std::uint32_t kServerIsn = 5000;
constexpr std::uint8_t kUrg = 0x20;

Bytes message(std::string_view name, std::uint16_t id = 1) { return DnsMessage::query(name).id(id).build_tcp(); }
Bytes joined(const Bytes& a, const Bytes& b) {
    Bytes out = a;
    out.insert(out.end(), b.begin(), b.end());
    return out;
}
std::uint32_t length(const Bytes& bytes) { return static_cast<std::uint32_t>(bytes.size()); }

struct Connection {
    explicit Connection(const char* to = kDns4, std::uint32_t new_names = 0) : server(to) {
        datapath::QueryRules rules;
        rules.types = {1, 28};
        rules.new_names = new_names;
        must(datapath::set_query_rules(scene.datapath(), rules));
        apply(policy::DnsQueries::kAllowed);
    }
    void apply(policy::DnsQueries dns) {
        datapath::EndpointPolicies behaviour;
        behaviour.dns = dns;
        scene.apply(egress_policy({"{action: Allow, protocol: UDP}", "{action: Allow, protocol: TCP}",
                                   "{action: Allow, destination: {domains: [api.example.com, '*.wild.test']}}"}),
                    behaviour);
    }
    RunResult send(std::uint8_t flags, std::uint32_t sequence, const Bytes& data = {}, std::uint16_t port = 40000) {
        Packet frame = from_pod(server).tcp(port, 53, flags).sequence(sequence, kServerIsn + 1);
        return scene.egress((data.empty() ? frame : frame.payload(data)).build());
    }
    RunResult data(std::uint32_t sequence, const Bytes& bytes) { return send(kAck | kPsh, sequence, bytes); }
    bool server_accepts(std::uint32_t acknowledged, std::uint16_t port = 40000) {
        return scene.ingress(to_pod(server).tcp(53, port, kSyn | kAck).sequence(kServerIsn, acknowledged).build()).passed();
    }
    void open(std::uint32_t isn = kPodIsn) {
        REQUIRE(send(kSyn, isn).passed());
        REQUIRE(server_accepts(isn + 1));
        REQUIRE(send(kAck, isn + 1).passed());
    }
    Scene scene;
    const char* server;
};

// The connection was reset: the pod gets a RST.
bool resets(const RunResult& result) {
    const std::size_t ip = result.packet.size() > 14 && result.packet[14] >> 4 == 6 ? 40 : 20;
    return result.redirected() && result.packet.size() == 14 + ip + 20 && (result.packet[14 + ip + 13] & kRst) != 0;
}

const Bytes kGood = message("api.example.com");
const Bytes kEvil = message("evil.com");

}  // namespace

TEST_CASE("D19: over TCP, whole messages for allowed names pass, several in a segment too") {
    for (const char* server : {kDns4, kDns6}) {
        Connection tcp(server);
        tcp.open();
        const Bytes two = joined(message("api.example.com", 2), message("x.wild.test", 3));
        CHECK(tcp.data(kFirst, kGood).passed());
        CHECK(tcp.data(kFirst + length(kGood), two).passed());
        CHECK(tcp.send(kAck, kFirst + length(kGood) + length(two)).passed());
        CHECK(tcp.send(kFin | kAck, kFirst + length(kGood) + length(two)).passed());
        CHECK(tcp.scene.count(NG_R_QUERY_FORM) == 0);
    }
}

TEST_CASE("D19: over TCP, a query for another name or type resets the connection") {
    for (const char* server : {kDns4, kDns6}) {
        Connection tcp(server);
        tcp.open();
        CHECK(resets(tcp.data(kFirst, kEvil)));
        CHECK(resets(tcp.data(kFirst, joined(kGood, kEvil))));
        CHECK(tcp.scene.count(NG_R_QUERY_NAME) == 2);
        CHECK(resets(tcp.data(kFirst + length(kGood), DnsMessage::query("api.example.com", kTypeTxt).build_tcp())));
        CHECK(tcp.scene.count(NG_R_QUERY_TYPE) == 1);
        CHECK(tcp.data(kFirst + length(kGood), message("x.wild.test")).passed());
    }
}

TEST_CASE("D19: over TCP, a message that is not whole is dropped, and passes when it is repeated whole") {
    Connection tcp;
    tcp.open();
    for (std::size_t size = 1; size < kGood.size(); ++size) {
        INFO(size);
        CHECK(tcp.data(kFirst, Bytes(kGood.begin(), kGood.begin() + static_cast<std::ptrdiff_t>(size))).dropped());
        // The rest, out of order.
        CHECK(tcp.data(kFirst + static_cast<std::uint32_t>(size), Bytes(kGood.begin() + static_cast<std::ptrdiff_t>(size), kGood.end()))
                  .dropped());
    }
    CHECK(tcp.data(kFirst, joined(kGood, Bytes(1, 0))).dropped());  // what follows is not whole
    CHECK(tcp.data(kFirst, kGood).passed());
    CHECK(tcp.data(kFirst + length(kGood), Bytes{0, 0}).dropped());
    Bytes long_one = DnsMessage::query("api.example.com").additional().record_of({0}, kTypeOpt, Bytes(600, 'x')).build_tcp();
    CHECK(tcp.data(kFirst + length(kGood), long_one).dropped());
    Bytes five;
    for (int i = 0; i < 5; ++i) {
        five = joined(five, kGood);
    }
    CHECK(tcp.data(kFirst + length(kGood), five).dropped());
}

TEST_CASE("D19: over TCP, a repetition passes only if it equals what passed, message by message") {
    Connection tcp;
    tcp.open();
    const Bytes second = message("x.wild.test", 2);
    const std::uint32_t at_second = kFirst + length(kGood);
    REQUIRE(tcp.data(kFirst, kGood).passed());
    REQUIRE(tcp.data(at_second, second).passed());
    CHECK(tcp.data(kFirst, kGood).passed());
    CHECK(tcp.data(at_second, second).passed());
    CHECK(tcp.data(kFirst, joined(kGood, second)).passed());
    // With new data behind, as TCP joins segments.
    const Bytes third = message("y.wild.test", 3);
    CHECK(tcp.data(at_second, joined(second, third)).passed());
    // Another message at the same place, of the same length or another.
    CHECK(tcp.data(kFirst, message("api.example.com", 9)).dropped());
    CHECK(tcp.data(kFirst, message("longer.name.wild.test")).dropped());
    // At another place: before, in the middle of a message, or with a gap.
    CHECK(tcp.data(kFirst - 1, kGood).dropped());
    CHECK(tcp.data(kFirst + 1, kGood).dropped());
    CHECK(tcp.data(at_second + 3, second).dropped());
    CHECK(tcp.data(at_second + length(second) + length(third) + 1, second).dropped());
    CHECK(tcp.data(at_second - length(second), second).dropped());
    CHECK(tcp.data(at_second + length(second) + length(third), second).passed());
}

TEST_CASE("D19: over TCP, only the last messages may be repeated") {
    Connection tcp;
    tcp.open();
    std::uint32_t at = kFirst;
    std::vector<std::pair<std::uint32_t, Bytes>> sent;
    for (std::uint16_t i = 0; i < 6; ++i) {
        sent.emplace_back(at, message("n" + std::to_string(i) + ".wild.test", i));
        REQUIRE(tcp.data(at, sent.back().second).passed());
        at += length(sent.back().second);
    }
    for (std::size_t i = 0; i < sent.size(); ++i) {
        INFO(i);
        CHECK(tcp.data(sent[i].first, sent[i].second).passed() == (i >= sent.size() - NG_STREAM_MESSAGES));
    }
}

TEST_CASE("D19: over TCP, nothing passes before the server confirmed where the stream begins") {
    Connection tcp;
    CHECK(resets(tcp.data(kFirst, kGood)));  // no SYN was seen, as of a connection from before
    REQUIRE(tcp.send(kSyn, kPodIsn).passed());
    CHECK(resets(tcp.data(kFirst, kGood)));
    CHECK(tcp.server_accepts(kFirst + 7));
    CHECK(resets(tcp.data(kFirst, kGood)));
    CHECK(tcp.server_accepts(kFirst, 40001));
    CHECK(resets(tcp.data(kFirst, kGood)));
    REQUIRE(tcp.server_accepts(kFirst));
    CHECK(tcp.data(kFirst, kGood).passed());
    // A repeated SYN changes nothing. Another one, which the server never confirms, voids the stream.
    REQUIRE(tcp.send(kSyn, kPodIsn + 100).passed());
    CHECK(resets(tcp.data(kPodIsn + 101, kGood)));
    tcp.server_accepts(kFirst);
    CHECK(resets(tcp.data(kPodIsn + 101, kGood)));
    CHECK(resets(tcp.data(kFirst, kGood)));
}

TEST_CASE("D19: over TCP, a repeated SYN changes nothing, and an earlier connection's messages are no repetitions in the next") {
    Connection tcp;
    REQUIRE(tcp.send(kSyn, kPodIsn).passed());
    REQUIRE(tcp.server_accepts(kFirst));
    REQUIRE(tcp.send(kSyn, kPodIsn).passed());
    CHECK(tcp.data(kFirst, kGood).passed());
    REQUIRE(tcp.send(kFin | kAck, kFirst + length(kGood)).passed());
    // The next connection with the same ports begins a little earlier.
    tcp.open(kPodIsn - 20);
    REQUIRE(tcp.data(kFirst - 20, message("longer.name.wild.test")).passed());
    CHECK(tcp.data(kFirst, kGood).dropped());
}

TEST_CASE("D19: over TCP, no data on SYN or RST, no urgent data, no fragments") {
    Connection tcp;
    CHECK(tcp.send(kSyn, kPodIsn, kGood).dropped());
    tcp.open();
    CHECK(tcp.send(kAck | kUrg, kFirst, kGood).dropped());
    CHECK(tcp.send(kRst, kFirst, kGood).dropped());
    CHECK(tcp.send(kSyn | kAck, kFirst, kGood).dropped());
    CHECK(tcp.scene.egress(from_pod(kDns4).fragment(1, 0, true).tcp(40000, 53, kAck).sequence(kFirst, 1).payload(kGood).build()).dropped());
    CHECK(tcp.data(kFirst, kGood).passed());
    CHECK(tcp.send(kFin | kAck, kFirst + length(kGood), kGood).passed());
    CHECK(tcp.send(kRst, kFirst + 2 * length(kGood)).passed());
}

TEST_CASE("D22: over TCP, new names count, and repetitions do not") {
    Connection tcp(kDns4, 2);
    tcp.open();
    const Bytes first = message("n1.wild.test");
    const Bytes second = message("n2.wild.test");
    CHECK(tcp.data(kFirst, first).passed());
    CHECK(tcp.data(kFirst, first).passed());
    CHECK(tcp.data(kFirst + length(first), second).passed());
    CHECK(resets(tcp.data(kFirst + 2 * length(first), message("n3.wild.test"))));
    CHECK(tcp.scene.count(NG_R_QUERY_NEW) == 1);
    CHECK(tcp.data(kFirst + 2 * length(first), first).passed());
}

TEST_CASE("D19: over TCP, many connections at a time; one that lost its place is reset") {
    Connection tcp;
    constexpr std::uint16_t kMany = NG_QUERY_STREAM_SETS * NG_QUERY_STREAM_WAYS;
    unsigned passed = 0;
    for (std::uint16_t port = 30000; port < 30000 + kMany; ++port) {
        REQUIRE(tcp.send(kSyn, kPodIsn, {}, port).passed());
        REQUIRE(tcp.server_accepts(kFirst, port));
    }
    for (std::uint16_t port = 30000; port < 30000 + kMany; ++port) {
        const RunResult result = tcp.send(kAck, kFirst, kGood, port);
        passed += result.passed() ? 1U : 0U;
        CHECK((result.passed() || resets(result)));
    }
    CHECK(passed >= kMany / 2);
    tcp.apply(policy::DnsQueries::kAny);
    CHECK(tcp.data(kFirst, kEvil).passed());
    tcp.apply(policy::DnsQueries::kLog);
    CHECK(tcp.data(kFirst, kEvil).passed());
}

TEST_CASE("D19: over TCP, Log counts what would be refused, and everything passes") {
    Connection tcp;
    tcp.apply(policy::DnsQueries::kLog);
    tcp.open();
    const auto logged = [&] { return tcp.scene.count(NG_R_QUERY_LOGGED); };
    CHECK(tcp.data(kFirst, joined(kGood, kEvil)).passed());
    CHECK(logged() == 1);
    CHECK(tcp.data(kFirst + length(joined(kGood, kEvil)), joined(joined(kEvil, kGood), kEvil)).passed());
    CHECK(logged() == 3);
    // The rest of a message, and what is no message, tell nothing.
    CHECK(tcp.data(kFirst, {kEvil.begin() + 5, kEvil.end()}).passed());
    CHECK(tcp.data(kFirst, Bytes(40, 0xff)).passed());
    CHECK(tcp.data(kFirst, Bytes(1, 0)).passed());
    CHECK(logged() == 3);
    CHECK(tcp.scene.count(NG_R_QUERY_NAME) == 0);
}
