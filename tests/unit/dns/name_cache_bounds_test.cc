// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "answers.h"
#include "dns/name_cache.h"
#include "support/manual_clock.h"

using namespace namegate::test;
using namegate::IpAddress;
using namegate::dns::NameCache;
using namegate::dns::NameCacheLimits;

TEST_CASE("bounds: the name whose last response is oldest is evicted first") {
    ManualClock clock;
    const auto limits = GENERATE(values<NameCacheLimits>({{3, 100, 1U << 20U, 100, 100, 1U << 20U, 10, 10},
                                                          {100, 3, 1U << 20U, 100, 100, 1U << 20U, 10, 10},
                                                          {100, 100, 1U << 20U, 3, 100, 1U << 20U, 10, 10},
                                                          {100, 100, 1U << 20U, 100, 3, 1U << 20U, 10, 10}}));
    NameCache cache(clock, limits);
    cache.record(1, answer("a.com", "192.0.2.1"), kLifetime);
    cache.record(1, answer("b.com", "192.0.2.2"), kLifetime);
    cache.record(1, answer("c.com", "192.0.2.3"), kLifetime);
    cache.record(1, answer("a.com", "192.0.2.1"), kLifetime);
    cache.record(1, answer("d.com", "192.0.2.4"), kLifetime);
    std::vector<std::string> names;
    for (const auto& entry : cache.entries(1)) {
        names.push_back(entry.name);
    }
    CHECK(names == std::vector<std::string>{"a.com", "c.com", "d.com"});
    CHECK(cache.stats().evicted == 1);
}

TEST_CASE("bounds: bytes") {
    ManualClock clock;
    NameCacheLimits limits;
    limits.bytes = 64 * 1024;
    NameCache cache(clock, limits);
    for (unsigned i = 0; i < 2000; ++i) {
        cache.record(i % 7, answer("name-number-" + std::to_string(i) + ".example.com", numbered(i)), kLifetime);
        CHECK(cache.stats().bytes <= limits.bytes);
    }
    CHECK(cache.stats().names > 50);
    CHECK(cache.stats().evicted > 1000);
}

TEST_CASE("bounds: one endpoint cannot evict another's names") {
    ManualClock clock;
    NameCacheLimits limits;
    limits.names_per_endpoint = 10;
    NameCache cache(clock, limits);
    cache.record(1, answer("kept.com", "192.0.2.1"), kLifetime);
    for (unsigned i = 0; i < 1000; ++i) {
        cache.record(2, answer("n" + std::to_string(i) + ".com", numbered(i)), kLifetime);
    }
    CHECK(cache.entries(1).size() == 1);
    CHECK(cache.entries(2).size() == 10);
}

TEST_CASE("bounds: one endpoint with many addresses leaves the others theirs, and has no more than its share") {
    ManualClock clock;
    const NameCacheLimits limits;
    NameCache cache(clock, limits);
    for (std::uint32_t pod = 1; pod <= 100; ++pod) {
        for (unsigned i = 0; i < 5; ++i) {
            cache.record(pod, answer("n" + std::to_string(i) + ".com", numbered(i)), kLifetime);
        }
    }
    for (unsigned i = 0; i < 500; ++i) {
        cache.record(1000, wide_answer("wide" + std::to_string(i) + ".com", i * 1024, 1024), kLifetime);
    }
    CHECK(cache.stats().addresses == 500 + limits.addresses_per_endpoint);
    for (std::uint32_t pod = 1; pod <= 100; ++pod) {
        CHECK(cache.entries(pod).size() == 5);
    }
    // The youngest stay.
    CHECK(cache.entries(1000).size() == limits.addresses_per_endpoint / 1024);
    CHECK(cache.names_of(1000, *IpAddress::parse(numbered(499 * 1024))).size() == 1);
}

TEST_CASE("bounds: bytes of one endpoint") {
    ManualClock clock;
    NameCacheLimits limits;
    limits.bytes_per_endpoint = 64 * 1024;
    NameCache cache(clock, limits);
    cache.record(1, answer("kept.com", "192.0.2.1"), kLifetime);
    for (unsigned i = 0; i < 1000; ++i) {
        cache.record(2, alias("name-number-" + std::to_string(i) + ".example.com", "target.example.com"), kLifetime);
        CHECK(cache.stats().bytes <= limits.bytes_per_endpoint + 1024);
    }
    CHECK(cache.entries(1).size() == 1);
    CHECK(cache.entries(2).size() > 50);
}

TEST_CASE("bounds: a full cache evicts names of the endpoint that uses most of the limit that is reached") {
    ManualClock clock;
    NameCacheLimits limits;
    limits.names = 100;
    limits.addresses = 200;
    NameCache cache(clock, limits);
    const auto count = [&](std::uint32_t pod) { return cache.entries(pod).size(); };
    // Pod 1 has many names, pod 2 many addresses, the others little.
    for (unsigned i = 0; i < 80; ++i) {
        cache.record(1, answer("n" + std::to_string(i) + ".com", numbered(i)), kLifetime);
    }
    cache.record(2, wide_answer("wide.com", 0, 100), kLifetime);
    for (std::uint32_t pod = 10; pod < 29; ++pod) {
        cache.record(pod, answer("one.com", "192.0.2.1"), kLifetime);
    }
    CHECK(cache.stats().names == 100);
    CHECK(cache.stats().evicted == 0);
    cache.record(30, answer("one.com", "192.0.2.1"), kLifetime);
    CHECK(cache.stats().names == 100);
    CHECK(count(1) == 79);
    CHECK(count(2) == 1);
    cache.record(31, wide_answer("some.com", 500, 2), kLifetime);
    CHECK(cache.stats().addresses <= limits.addresses);
    CHECK(count(1) == 78);
    // The limit of addresses is reached: pod 2 has most of them, though pod 1 has more names.
    cache.record(30, wide_answer("one.com", 600, 30), kLifetime);
    CHECK(count(2) == 0);
    CHECK(count(1) == 78);
    for (std::uint32_t pod = 10; pod < 32; ++pod) {
        CHECK(count(pod == 29 ? 10 : pod) == 1);
    }
    // A removed endpoint no longer competes.
    cache.forget(1);
    cache.record(40, wide_answer("wide.com", 0, 100), kLifetime);
    CHECK(count(40) == 1);
    CHECK(cache.stats().addresses <= limits.addresses);
}

TEST_CASE("bounds: entries over a limit are evicted in steps, with responses and between them") {
    ManualClock clock;
    NameCacheLimits limits;
    limits.addresses_per_endpoint = 2000;
    NameCache cache(clock, limits);
    for (unsigned i = 0; i < 2000; ++i) {
        cache.record(1, answer("n" + std::to_string(i) + ".com", numbered(i)), kLifetime);
    }
    CHECK(cache.stats().addresses == 2000);
    const std::uint64_t before = cache.stats().evicted;
    cache.record(1, wide_answer("wide.com", 5000, 1000), kLifetime);
    CHECK(cache.stats().evicted - before == namegate::dns::kMaxDroppedNames);
    for (unsigned i = 0; i < 4; ++i) {
        CHECK(cache.expire(200) <= 200);
    }
    CHECK(cache.stats().addresses == 2000);
    CHECK(cache.expire() == 0);
    CHECK(cache.names_of(1, *IpAddress::parse(numbered(5000))).size() == 1);
}

TEST_CASE("bounds: addresses and links of one name") {
    ManualClock clock;
    NameCacheLimits limits;
    limits.addresses_per_name = 4;
    limits.links_per_name = 2;
    NameCache cache(clock, limits);
    for (unsigned i = 0; i < 10; ++i) {
        cache.record(1, answer("a.com", numbered(i), 100 + i), kLifetime);
        cache.record(1, alias("a.com", "t" + std::to_string(i) + ".com", 100 + i), kLifetime);
    }
    const auto entries = cache.entries(1);
    REQUIRE(entries.size() == 1);
    REQUIRE(entries[0].addresses.size() == 4);
    CHECK(entries[0].addresses[0].address.to_string() == numbered(6));
    REQUIRE(entries[0].links.size() == 2);
    CHECK(entries[0].links[0].target == "t9.com");
    cache.forget(1);
    CHECK(cache.stats().bytes == 0);
    CHECK(cache.stats().addresses == 0);
}
