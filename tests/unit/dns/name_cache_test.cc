// SPDX-License-Identifier: Apache-2.0
#include "dns/name_cache.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <set>

#include "answers.h"
#include "support/manual_clock.h"

using namespace namegate::test;
using namegate::IpAddress;
using namegate::dns::Joined;
using namegate::dns::Learning;
using namegate::dns::NameCache;
using namegate::dns::NameCacheLimits;
using namegate::dns::Reached;
using namegate::dns::StepBudget;
using namegate::policy::DomainPattern;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

struct Fixture {
    ManualClock clock;
    NameCache cache{clock, NameCacheLimits{}};

    // address -> seconds left
    std::map<std::string, std::uint64_t> match(std::uint32_t endpoint, const char* pattern) const {
        std::map<std::string, std::uint64_t> out;
        cache.for_each_match(endpoint, *DomainPattern::parse(pattern), [&](const Reached& reached) {
            auto& left = out[reached.address.to_string()];
            left = std::max(left, (reached.expiry_boot_ns - clock.boot_ns()) / kSecond);
        });
        return out;
    }
};

using Found = std::map<std::string, std::uint64_t>;

}  // namespace

TEST_CASE("D14: names resolved before the policy named them are found by exact, wildcard and middle patterns") {
    Fixture f;
    f.cache.record(1, answer("api.weather.com", "192.0.2.1"), kLifetime);
    f.cache.record(1, answer("update.a.example.com", "192.0.2.2", 60), kLifetime);
    f.cache.record(1, answer("update.b.example.com", "192.0.2.3", 60), kLifetime);
    CHECK(f.match(1, "api.weather.com") == Found{{"192.0.2.1", 300}});
    CHECK(f.match(1, "*.weather.com") == Found{{"192.0.2.1", 300}});
    CHECK(f.match(1, "update.*.example.com") == Found{{"192.0.2.2", 60}, {"192.0.2.3", 60}});
    CHECK(f.match(1, "weather.com").empty());
    CHECK(f.match(1, "eather.com").empty());
}

TEST_CASE("D13: the TTL counts from when the response passed, however late the daemon reads it") {
    Fixture f;
    f.clock.advance_seconds(1000);
    const std::uint64_t passed = f.clock.boot_ns();
    f.clock.advance_seconds(200);
    f.cache.record(1, answer("example.com", "192.0.2.1"), kLifetime, passed);
    CHECK(f.match(1, "example.com") == Found{{"192.0.2.1", 100}});
    f.clock.advance_seconds(200);
    f.cache.record(1, answer("old.example.com", "192.0.2.2"), kLifetime, passed);
    CHECK(f.match(1, "old.example.com").empty());
    // A time in the future counts as now.
    f.cache.record(1, answer("new.example.com", "192.0.2.3"), kLifetime, f.clock.boot_ns() + 1000 * kSecond);
    CHECK(f.match(1, "new.example.com") == Found{{"192.0.2.3", 300}});
}

TEST_CASE("D11: a name that one endpoint resolved opens nothing for another") {
    Fixture f;
    f.cache.record(1, answer("example.com", "192.0.2.1"), kLifetime);
    CHECK(f.match(2, "example.com").empty());
    CHECK(f.cache.entries(2).empty());
    CHECK(f.cache.names_by_address(2).empty());
}

TEST_CASE("D8: question, owners and targets of a chain all match, in the order of the chain") {
    Fixture f;
    f.cache.record(1,
                   learn(DnsMessage::response("www.example.com")
                             .ttl(5)
                             .cname("www.example.com", "edge.cdn.net")
                             .ttl(100)
                             .cname("edge.cdn.net", "host.cloud.org")
                             .ttl(600)
                             .a("host.cloud.org", "192.0.2.1")),
                   kLifetime);
    // D13: the TTL of the address record counts, however short the CNAME's is.
    const char* pattern = GENERATE("www.example.com", "*.cdn.net", "host.cloud.org");
    CHECK(f.match(1, pattern) == Found{{"192.0.2.1", 600}});
    std::vector<Reached> reached;
    f.cache.for_each_match(1, *DomainPattern::parse("edge.cdn.net"), [&](const Reached& one) { reached.push_back(one); });
    REQUIRE(reached.size() == 1);
    CHECK(reached[0].names == std::vector<std::string>{"edge.cdn.net", "host.cloud.org"});
}

TEST_CASE("D8: a name after an address in the chain does not open it") {
    Fixture f;
    f.cache.record(
        1, learn(DnsMessage::response("evil.com").a("evil.com", "192.0.2.66").cname("evil.com", "good.com").a("good.com", "192.0.2.1")),
        kLifetime);
    CHECK(f.match(1, "good.com") == Found{{"192.0.2.1", 300}});
}

TEST_CASE("D8: chains split over two responses are joined, in either order") {
    Fixture f;
    const Learning first = alias("www.example.com", "cdn.net", 60);
    const Learning second = answer("cdn.net", "192.0.2.1", 300);
    const bool forwards = GENERATE(true, false);
    f.cache.record(1, forwards ? first : second, kLifetime);
    f.cache.record(1, forwards ? second : first, kLifetime);
    CHECK(f.match(1, "www.example.com") == Found{{"192.0.2.1", 60}});  // no longer than the link is valid
    CHECK(f.match(1, "cdn.net") == Found{{"192.0.2.1", 300}});

    // What the later response changed is reported with it.
    std::map<std::string, std::set<std::string>> joined;
    f.cache.for_each_joined(1, forwards ? second : first,
                            [&](const Reached& reached) { joined[reached.names.front()].insert(reached.address.to_string()); });
    CHECK(joined["www.example.com"] == std::set<std::string>{"192.0.2.1"});

    f.clock.advance_seconds(60);
    CHECK(f.match(1, "www.example.com").empty());
    CHECK(f.match(1, "cdn.net") == Found{{"192.0.2.1", 240}});
}

TEST_CASE("D8: chains are joined within one endpoint only") {
    Fixture f;
    f.cache.record(1, alias("www.example.com", "cdn.net"), kLifetime);
    f.cache.record(2, answer("cdn.net", "192.0.2.1"), kLifetime);
    CHECK(f.match(1, "www.example.com").empty());
    CHECK(f.match(2, "www.example.com").empty());
}

TEST_CASE("loops of links end") {
    Fixture f;
    f.cache.record(1, alias("a.com", "b.com"), kLifetime);
    f.cache.record(1, alias("b.com", "a.com"), kLifetime);
    f.cache.record(1, answer("b.com", "192.0.2.1"), kLifetime);
    CHECK(f.match(1, "a.com").size() == 1);
    CHECK(f.cache.names_by_address(1).at(*IpAddress::parse("192.0.2.1")) == std::vector<std::string>{"b.com", "a.com"});
    CHECK(f.cache.names_of(1, *IpAddress::parse("192.0.2.1")) == std::vector<std::string>{"b.com", "a.com"});
    std::size_t reports = 0;
    f.cache.for_each_joined(1, answer("b.com", "192.0.2.1"), [&](const Reached&) { ++reports; });
    CHECK(reports == 2);
}

TEST_CASE("of two chains to a name the longer-lived one counts") {
    Fixture f;
    f.cache.record(1, alias("a.com", "short.com", 10), kLifetime);
    f.cache.record(1, alias("a.com", "long.com", 100), kLifetime);
    f.cache.record(1, alias("short.com", "end.com", 1000), kLifetime);
    f.cache.record(1, alias("long.com", "end.com", 1000), kLifetime);
    f.cache.record(1, answer("end.com", "192.0.2.1", 1000), kLifetime);
    CHECK(f.match(1, "a.com") == Found{{"192.0.2.1", 100}});
}

TEST_CASE("D13: a repeated response only extends the time, and expiry is exact to the second") {
    Fixture f;
    f.cache.record(1, answer("a.com", "192.0.2.1", 100), kLifetime);
    f.cache.record(1, answer("a.com", "192.0.2.1", 10), kLifetime);
    CHECK(f.match(1, "a.com") == Found{{"192.0.2.1", 100}});
    f.clock.advance_seconds(50);
    f.cache.record(1, answer("a.com", "192.0.2.2", 100), kLifetime);
    f.clock.advance_seconds(49);
    CHECK(f.match(1, "a.com").size() == 2);
    f.clock.advance_seconds(1);
    CHECK(f.match(1, "a.com") == Found{{"192.0.2.2", 50}});
    CHECK(f.cache.entries(1).at(0).addresses.size() == 1);
    CHECK(f.cache.expire() == 0);
    f.clock.advance_seconds(50);
    CHECK(f.cache.entries(1).empty());
    CHECK(f.cache.expire() == 1);
    CHECK(f.cache.stats().bytes == 0);
    CHECK(f.cache.stats().endpoints == 0);
}

TEST_CASE("expiry works in bounded steps") {
    Fixture f;
    for (unsigned i = 0; i < 10; ++i) {
        f.cache.record(1, answer("n" + std::to_string(i) + ".com", numbered(i), 10), kLifetime);
    }
    f.clock.advance_seconds(10);
    CHECK(f.cache.expire(4) == 4);
    CHECK(f.cache.expire(4) == 4);
    CHECK(f.cache.expire(4) == 2);
    CHECK(f.cache.expire(4) == 0);
}

TEST_CASE("rotating addresses leave nothing behind") {
    Fixture f;
    for (unsigned i = 0; i < 10'000; ++i) {
        f.cache.record(1, answer("rotating.com", numbered(i), 5), kLifetime);
        f.clock.advance_seconds(1);
    }
    CHECK(f.cache.stats().addresses == 5);
    CHECK(f.match(1, "rotating.com").size() == 4);
}

TEST_CASE("bounds: chains longer than the limit are not followed, and the report ends") {
    Fixture f;
    for (unsigned i = 0; i < 100; ++i) {
        f.cache.record(1, alias("n" + std::to_string(i) + ".com", "n" + std::to_string(i + 1) + ".com"), kLifetime);
    }
    f.cache.record(1, answer("n100.com", "192.0.2.1"), kLifetime);
    CHECK(f.match(1, "n0.com").empty());
    CHECK(f.match(1, "n50.com").size() == 1);

    auto many = DnsMessage::response("many.com").uncompressed();
    for (unsigned i = 0; i < 1000; ++i) {
        many.a("many.com", numbered(i));
    }
    f.cache.record(2, learn(many), kLifetime);
    for (unsigned i = 0; i < 100; ++i) {
        f.cache.record(2, alias("a" + std::to_string(i) + ".com", "many.com"), kLifetime);
    }
    std::size_t reports = 0;
    const Joined joined = f.cache.for_each_joined(2, answer("many.com", "10.0.0.1"), [&](const Reached&) { ++reports; });
    CHECK(reports == namegate::dns::kMaxJoinedReports);
    CHECK(joined.cut);
}

TEST_CASE("a response costs a bounded number of steps, however the names are linked") {
    Fixture f;
    std::mt19937 random(7);  // always the same graph
    const auto name = [](unsigned long i) { return "n" + std::to_string(i) + ".example.com"; };
    constexpr unsigned kNames = 600;
    for (unsigned i = 0; i < kNames * 16; ++i) {
        f.cache.record(1, alias(name(i % kNames), name(random() % kNames)), kLifetime);
    }
    for (unsigned i = 0; i < kNames; ++i) {
        f.cache.record(1, answer(name(i), numbered(i)), kLifetime);
    }
    const Learning last = alias(name(1), name(2));
    f.cache.record(1, last, kLifetime);
    std::size_t reports = 0;
    const Joined joined = f.cache.for_each_joined(1, last, [&](const Reached&) { ++reports; });
    CHECK(joined.cut);
    CHECK(joined.steps <= namegate::dns::kMaxJoinSteps);
    CHECK(reports > 0);
    CHECK(reports <= namegate::dns::kMaxJoinSteps);

    StepBudget few(100);
    reports = 0;
    f.cache.for_each_match(1, *DomainPattern::parse("*.example.com"), few, [&](const Reached&) { ++reports; });
    CHECK(few.cut());
    CHECK(reports <= 100);
}

TEST_CASE("a regular chain is joined completely, with many names before a shared end") {
    Fixture f;
    for (unsigned i = 0; i < 40; ++i) {
        f.cache.record(1, alias("a" + std::to_string(i) + ".com", "edge.cdn.net"), kLifetime);
    }
    f.cache.record(1, alias("edge.cdn.net", "host.cdn.net"), kLifetime);
    const Learning last = answer("host.cdn.net", "192.0.2.1");
    f.cache.record(1, last, kLifetime);
    std::set<std::string> names;
    const Joined joined = f.cache.for_each_joined(1, last, [&](const Reached& reached) { names.insert(reached.names.front()); });
    CHECK_FALSE(joined.cut);
    CHECK(names.size() == 42);
}

TEST_CASE("an endpoint is forgotten completely, and no other") {
    Fixture f;
    f.cache.record(1, answer("a.com", "192.0.2.1"), kLifetime);
    f.cache.record(2, answer("a.com", "192.0.2.1"), kLifetime);
    f.cache.record(1, alias("b.com", "a.com"), kLifetime);
    CHECK(f.cache.endpoints() == std::vector<std::uint32_t>{1, 2});
    f.cache.forget(1);
    f.cache.forget(7);
    CHECK(f.cache.endpoints() == std::vector<std::uint32_t>{2});
    CHECK(f.match(1, "a.com").empty());
    CHECK(f.match(2, "a.com").size() == 1);
}

TEST_CASE("a response that opens nothing leaves no trace") {
    Fixture f;
    f.cache.record(1, learn(DnsMessage::response("a.com")), kLifetime);
    f.cache.record(1, Learning{}, kLifetime);
    f.cache.record(1, answer("a.com", "192.0.2.1", 5), {0, 0, 0});
    CHECK(f.cache.stats().names == 0);
    CHECK(f.cache.stats().endpoints == 0);
}

TEST_CASE("a large endpoint is forgotten at once, and its memory is freed in steps") {
    Fixture f;
    constexpr unsigned kNames = 3000;
    for (unsigned i = 0; i < kNames; ++i) {
        f.cache.record(1, answer("n" + std::to_string(i) + ".com", numbered(i)), kLifetime);
    }
    f.cache.record(2, answer("kept.com", "192.0.2.1"), kLifetime);
    f.cache.forget(1);
    CHECK(f.match(1, "*.com").empty());
    CHECK(f.cache.entries(1).empty());
    CHECK(f.cache.stats().endpoints == 1);
    CHECK(f.cache.stats().names == kNames + 1 - namegate::dns::kMaxDroppedNames);
    NameCache read(f.clock, {});
    CHECK(*read.deserialise(f.cache.serialise("s"), "s") == 1);
    // Its id may be reused before it is freed.
    f.cache.record(1, answer("new.com", "192.0.2.7"), kLifetime);
    while (f.cache.expire() > 0) {
    }
    CHECK(f.cache.stats().names == 2);
    CHECK(f.match(1, "*.com").size() == 1);
    CHECK(f.match(2, "*.com").size() == 1);
    f.cache.forget(1);
    f.cache.forget(2);
    CHECK(f.cache.stats().bytes == 0);
}

TEST_CASE("forgotten names are freed before useful ones are evicted") {
    ManualClock clock;
    NameCacheLimits limits;
    limits.names = 3000;
    NameCache cache(clock, limits);
    cache.record(2, answer("kept.com", "192.0.2.1"), kLifetime);
    for (unsigned i = 0; i < 2900; ++i) {
        cache.record(1, answer("n" + std::to_string(i) + ".com", numbered(i)), kLifetime);
    }
    cache.forget(1);
    for (unsigned i = 0; i < 2900; ++i) {
        cache.record(3, answer("n" + std::to_string(i) + ".com", numbered(i)), kLifetime);
    }
    CHECK(cache.entries(2).size() == 1);
    CHECK(cache.stats().evicted == 0);
    CHECK(cache.stats().names <= 3000);
}
