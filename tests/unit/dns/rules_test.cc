// SPDX-License-Identifier: Apache-2.0
// The rules of policy semantics that DNS responses decide, each with what it opens and what it does not. tests/unit/policy/rules_test.cc
// finds by the tags which rules have both cases.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "dns/learning.h"
#include "dns/lifetime.h"
#include "dns/name_cache.h"
#include "dns/trusted_servers.h"
#include "support/dns_message.h"
#include "support/manual_clock.h"

using namespace namegate::test;
using namegate::IpAddress;
using namegate::dns::NameCache;
using namegate::dns::Reached;
using namegate::policy::DomainPattern;

namespace {

constexpr std::uint32_t kMine = 1;
constexpr std::uint32_t kOther = 2;

// An endpoint's responses, and what a policy that names a pattern opens for it now.
struct Answers {
    ManualClock clock;
    NameCache cache{clock, namegate::dns::NameCacheLimits{}};
    namegate::dns::LifetimeSettings lifetime{0, 2, 86400};

    void see(const DnsMessage& message, std::uint32_t endpoint = kMine) {
        const auto parsed = namegate::dns::parse_message(message.build());
        REQUIRE(parsed);
        cache.record(endpoint, namegate::dns::learn(*parsed), lifetime);
    }
    bool opens(const char* pattern, const char* address, std::uint32_t endpoint = kMine) const {
        bool found = false;
        cache.for_each_match(endpoint, *DomainPattern::parse(pattern),
                             [&](const Reached& reached) { found = found || reached.address == *IpAddress::parse(address); });
        return found;
    }
};

constexpr const char* kAddress = "192.0.2.1";
DnsMessage answer(const char* name = "a.com", std::uint32_t ttl = 60) { return DnsMessage::response(name).ttl(ttl).a(name, kAddress); }

}  // namespace

TEST_CASE("D8: what counts in a response", "[D8+]") {
    struct Case {
        DnsMessage message;
        const char* pattern;
        const char* address;
    };
    const Case cases[] = {
        {answer(), "a.com", kAddress},
        {DnsMessage::response("a.com", kTypeAaaa).aaaa("a.com", "2001:db8::1"), "a.com", "2001:db8::1"},
        {DnsMessage::response("a.com").cname("a.com", "b.net").a("b.net", kAddress), "a.com", kAddress},
        {DnsMessage::response("a.com").cname("a.com", "b.net").a("b.net", kAddress), "b.net", kAddress},
        {DnsMessage::response("a.com").a("b.net", kAddress).cname("a.com", "b.net"), "a.com", kAddress},
    };
    for (const Case& each : cases) {
        Answers answers;
        answers.see(each.message);
        CHECK(answers.opens(each.pattern, each.address));
    }
    Answers joined;  // over two responses
    joined.see(DnsMessage::response("a.com").cname("a.com", "b.net"));
    joined.see(answer("b.net"));
    CHECK(joined.opens("a.com", kAddress));
}

TEST_CASE("D8: what does not count in a response", "[D8-]") {
    const DnsMessage messages[] = {
        DnsMessage::response("a.com").a("b.net", kAddress),                                                  // off the chain
        DnsMessage::response("a.com").cname("c.net", "b.net").a("b.net", kAddress),                          // a broken one
        DnsMessage::response("b.net").a("b.net", kAddress).cname("c.net", "a.com"),                          // the name leads nowhere
        DnsMessage::response("b.net").cname("b.net", "c.net").a("b.net", kAddress).cname("c.net", "a.com"),  // behind the address
        DnsMessage::response("a.com").authority().a("a.com", kAddress),
        DnsMessage::response("a.com").additional().a("a.com", kAddress),
        DnsMessage::response("a.com").dns_class(kClassChaos).a("a.com", kAddress),
        DnsMessage::response("a.com").dname("a.com", "b.net").a("b.net", kAddress),
        DnsMessage::response("a.com").qr(false).a("a.com", kAddress),
        DnsMessage::response("a.com").rcode(3).a("a.com", kAddress),
    };
    for (const DnsMessage& message : messages) {
        Answers answers;
        answers.see(message);
        CHECK_FALSE(answers.opens("a.com", kAddress));
    }
}

TEST_CASE("D9: which servers are trusted", "[D9+][D9-]") {
    struct Case {
        const char* trusted;
        const char* server;
        std::uint16_t port;
        bool counts;
    };
    const Case cases[] = {
        {"10.0.0.53", "10.0.0.53", 53, true},       {"10.0.0.53", "10.0.0.54", 53, false},
        {"10.0.0.53", "10.0.0.53", 5353, false},    {"10.0.0.53:5353", "10.0.0.53", 5353, true},
        {"10.0.0.53:5353", "10.0.0.53", 53, false}, {"[fd00::53]:5353", "fd00::53", 5353, true},
        {"10.96.0.0/12", "10.111.255.1", 53, true}, {"10.96.0.0/12", "10.112.0.1", 53, false},
    };
    for (const Case& each : cases) {
        INFO(each.trusted << " and " << each.server << " port " << each.port);
        const auto server = namegate::dns::parse_trusted_server(each.trusted);
        REQUIRE(server);
        CHECK(server->contains(*IpAddress::parse(each.server), each.port) == each.counts);
    }
}

TEST_CASE("D11: a response opens for the endpoint that sent the query, and for no other", "[D11+][D11-]") {
    Answers answers;
    answers.see(answer(), kMine);
    CHECK(answers.opens("a.com", kAddress, kMine));
    CHECK_FALSE(answers.opens("a.com", kAddress, kOther));
}

TEST_CASE("D13: how long a response opens", "[D13+][D13-]") {
    struct Case {
        namegate::dns::LifetimeSettings lifetime;
        std::uint32_t ttl;
        std::uint64_t seconds;
    };
    const Case cases[] = {
        {{0, 2, 86400}, 60, 60}, {{30, 2, 86400}, 60, 90}, {{0, 2, 86400}, 0, 2}, {{0, 300, 86400}, 60, 300}, {{0, 2, 20}, 60, 20},
    };
    for (const Case& each : cases) {
        Answers answers;
        answers.lifetime = each.lifetime;
        answers.see(answer("a.com", each.ttl));
        answers.clock.advance_seconds(each.seconds - 1);
        CHECK(answers.opens("a.com", kAddress));
        answers.clock.advance_seconds(1);
        CHECK_FALSE(answers.opens("a.com", kAddress));
    }
    Answers again;  // it only ever extends the time
    again.see(answer("a.com", 60));
    again.see(answer("a.com", 10));
    again.clock.advance_seconds(30);
    CHECK(again.opens("a.com", kAddress));
    again.see(answer("a.com", 60));
    again.clock.advance_seconds(50);
    CHECK(again.opens("a.com", kAddress));
}

TEST_CASE("D14: a pattern named later opens what was resolved before, as long as that counts", "[D14+][D14-]") {
    Answers answers;
    answers.see(answer("www.a.com"));  // before any policy named it
    CHECK(answers.opens("*.a.com", kAddress));
    CHECK_FALSE(answers.opens("a.com", kAddress));
    answers.clock.advance_seconds(60);
    CHECK_FALSE(answers.opens("*.a.com", kAddress));
}
