// SPDX-License-Identifier: Apache-2.0
#include "dns/message.h"

#include <catch2/catch.hpp>

#include "dns/learning.h"
#include "support/dns_message.h"

using namespace namegate::test;
using namegate::Code;
using namegate::IpAddress;
using namegate::dns::Message;
using namegate::dns::parse_message;
using namegate::dns::RecordType;

TEST_CASE("header, question and records are read, compressed or not") {
    const bool compressed = GENERATE(true, false);
    const auto message = parse_message(DnsMessage::response("wWw.eXample.com", kTypeAaaa)
                                           .id(0xbeef)
                                           .compress(compressed)
                                           .cname("www.example.com", "cdn.example.net")
                                           .ttl(60)
                                           .a("cdn.example.net", "192.0.2.1")
                                           .aaaa("cdn.example.net", "2001:db8::1")
                                           .authority()
                                           .ns("example.net", "ns.example.net")
                                           .additional()
                                           .a("ns.example.net", "198.51.100.9")
                                           .edns()
                                           .build());
    REQUIRE(message);
    CHECK(message->id == 0xbeef);
    CHECK(message->is_response);
    CHECK_FALSE(message->truncated);
    CHECK(message->question == namegate::dns::Question{"www.example.com", kTypeAaaa, kClassIn});
    REQUIRE(message->answers.size() == 3);
    CHECK(message->answers[0].target == "cdn.example.net");
    CHECK(message->answers[0].ttl == 300);
    CHECK(message->answers[1].type == RecordType::kA);
    CHECK(message->answers[1].owner == "cdn.example.net");
    CHECK(message->answers[1].ttl == 60);
    CHECK(message->answers[2].address.to_string() == "2001:db8::1");
}

TEST_CASE("D8: records of other types and classes are skipped") {
    const auto message = parse_message(DnsMessage::response("example.com")
                                           .record("example.com", kTypeTxt, {3, 'a', 'b', 'c'})
                                           .record("example.com", kTypeHttps, {0xff})
                                           .dns_class(kClassChaos)
                                           .a("example.com", "192.0.2.66")
                                           .cname("example.com", "evil.example")
                                           .dns_class(kClassIn)
                                           .a("example.com", "192.0.2.1")
                                           .build());
    REQUIRE(message);
    REQUIRE(message->answers.size() == 1);
    CHECK(message->answers[0].address.to_string() == "192.0.2.1");
}

TEST_CASE("a TTL with its top bit set is zero") {
    const auto message = parse_message(DnsMessage::response("example.com").ttl(0x80000001U).a("example.com", "192.0.2.1").build());
    REQUIRE(message);
    CHECK(message->answers[0].ttl == 0);
}

TEST_CASE("an error in a later section does not matter; that section is not read") {
    auto builder = DnsMessage::response("example.com").a("example.com", "192.0.2.1");
    builder.authority().record_of({0xc0, 0xff}, kTypeNs, {1}).count(3, 9).raw({1, 2, 3});
    const auto message = parse_message(builder.build());
    REQUIRE(message);
    CHECK(message->answers.size() == 1);
}

TEST_CASE("malformed messages are refused as a whole") {
    struct Row {
        const char* what;
        Bytes bytes;
    };
    const Bytes v4{192, 0, 2, 1};
    const Row row = GENERATE_COPY(values<Row>({
        {"empty", {}},
        {"half a header", DnsMessage::response("a.b").cut(11).build()},
        {"no question", DnsMessage().flags(0x8180).build()},
        {"two questions", DnsMessage::response("a.b").question("c.d").build()},
        {"question cut", DnsMessage::response("a.b").cut(18).build()},
        {"fewer records than claimed", DnsMessage::response("a.b").a("a.b", "192.0.2.1").count(1, 2).build()},
        {"record cut", DnsMessage::response("a.b").a("a.b", "192.0.2.1").cut(32).build()},
        {"A of three bytes", DnsMessage::response("a.b").record("a.b", kTypeA, {1, 2, 3}).build()},
        {"A of 16 bytes", DnsMessage::response("a.b").record("a.b", kTypeA, Bytes(16, 1)).build()},
        {"AAAA of 4 bytes", DnsMessage::response("a.b").record("a.b", kTypeAaaa, v4).build()},
        {"CNAME with bytes to spare", DnsMessage::response("a.b").record("a.b", kTypeCname, {1, 'x', 0, 0}).build()},
        {"CNAME over its end", DnsMessage::response("a.b").record("a.b", kTypeCname, {5, 'x', 0}).build()},
        {"empty CNAME", DnsMessage::response("a.b").record("a.b", kTypeCname, {}).raw({0, 0, 0}).build()},
        {"pointer to itself", DnsMessage::response("a.b").record_of(DnsMessage::pointer(21), kTypeA, v4).build()},
        {"pointer forwards", DnsMessage::response("a.b").record_of(DnsMessage::pointer(30), kTypeA, v4).raw({1, 'x', 0}).build()},
        {"pointer into the header", DnsMessage::response("a.b").record_of(DnsMessage::pointer(4), kTypeA, v4).build()},
        {"pointer loop through a label", DnsMessage::response("a.b").record_of({1, 'x', 0xc0, 21}, kTypeA, v4).build()},
        {"label type 01", DnsMessage::response("a.b").record_of({0x41, 0}, kTypeA, v4).raw(Bytes(80, 0)).build()},
        {"label type 10", DnsMessage::response("a.b").record_of({0x80, 0}, kTypeA, v4).raw(Bytes(200, 0)).build()},
    }));
    INFO(row.what);
    const auto message = parse_message(row.bytes);
    REQUIRE_FALSE(message);
    CHECK(message.error().code() == Code::kInvalidInput);
}

TEST_CASE("a truncated message keeps the records before the cut") {
    auto builder = DnsMessage::response("a.b").tc().a("a.b", "192.0.2.1").a("a.b", "192.0.2.2");
    builder.cut(builder.size() - 1);
    const auto message = parse_message(builder.build());
    REQUIRE(message);
    CHECK(message->truncated);
    CHECK(message->answers.size() == 1);
}

TEST_CASE("names of 255 bytes are accepted, longer ones are not") {
    const std::string label(63, 'x');
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'y');
    const auto fits = parse_message(DnsMessage::response(longest).a(longest, "192.0.2.1").build());
    REQUIRE(fits);
    CHECK(fits->question.name == longest);
    CHECK_FALSE(parse_message(DnsMessage::response(longest + "y").build()));
    // Only a pointer makes it too long.
    auto grown = DnsMessage::response(longest).record_of(
        [] {
            Bytes owner{1, 'z'};
            const Bytes to = DnsMessage::pointer(kDnsHeaderBytes);
            owner.insert(owner.end(), to.begin(), to.end());
            return owner;
        }(),
        kTypeA, {192, 0, 2, 1});
    CHECK_FALSE(parse_message(grown.build()));
}

TEST_CASE("pointers in one name, records and bytes are limited") {
    // Each pointer leads to the previous one.
    auto builder = DnsMessage::response("a.b");
    const std::size_t pointers = namegate::dns::kMaxNamePointers + GENERATE(as<std::size_t>{}, 0, 1);
    Bytes chain = DnsMessage::pointer(kDnsHeaderBytes);
    const std::size_t start = builder.size() + 11;
    for (std::size_t i = 0; i + 2 < pointers; ++i) {
        const Bytes next = DnsMessage::pointer(start + 2 * i);
        chain.insert(chain.end(), next.begin(), next.end());
    }
    builder.record_of({0}, kTypeTxt, chain);
    builder.record_of(DnsMessage::pointer(start + chain.size() - 2), kTypeA, {192, 0, 2, 1});
    CHECK(parse_message(builder.build()).has_value() == (pointers == namegate::dns::kMaxNamePointers));

    CHECK(parse_message(DnsMessage::response("a.b").count(1, 4097).build()).error().code() == Code::kExhausted);
    CHECK(parse_message(Bytes(65536)).error().code() == Code::kExhausted);
}
