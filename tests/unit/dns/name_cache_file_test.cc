// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "base/file.h"
#include "dns/name_cache.h"
#include "support/dns_message.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

using namespace namegate::test;
using namegate::Code;
using namegate::dns::NameCache;
using namegate::dns::NameCacheLimits;

namespace {

constexpr std::string_view kScope = "boot-1";

void fill(NameCache& cache) {
    const auto record = [&](std::uint32_t endpoint, const DnsMessage& message) {
        cache.record(endpoint, namegate::dns::learn(*namegate::dns::parse_message(message.build())), {});
    };
    record(1, DnsMessage::response("a.com").ttl(100).a("a.com", "192.0.2.1").aaaa("a.com", "2001:db8::1"));
    record(1, DnsMessage::response("www.b.com").ttl(500).cname("www.b.com", "b\\046.net").a("b\\046.net", "192.0.2.2"));
    record(4'000'000'000U, DnsMessage::response("a.com").ttl(100).a("a.com", "192.0.2.3"));
}

}  // namespace

TEST_CASE("the cache is the same after a save and a load") {
    const TempDir dir;
    const ManualClock clock;
    NameCache cache(clock, {});
    fill(cache);
    REQUIRE(cache.save(dir.path() + "/names", kScope));
    struct stat info {};
    REQUIRE(::stat((dir.path() + "/names").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);

    NameCache other(clock, {});
    const auto loaded = other.load(dir.path() + "/names", kScope);
    REQUIRE(loaded);
    CHECK(*loaded == 4);
    CHECK(other.stats().addresses == cache.stats().addresses);
    CHECK(other.stats().bytes == cache.stats().bytes);
    CHECK(other.serialise(kScope) == cache.serialise(kScope));
    CHECK(other.entries(1).at(1).name == "b\\046.net");
}

TEST_CASE("names that expired meanwhile are not loaded") {
    ManualClock clock;
    NameCache cache(clock, {});
    fill(cache);
    const std::string saved = cache.serialise(kScope);
    clock.advance_seconds(100);
    CHECK(*cache.deserialise(saved, kScope) == 2);
    clock.advance_seconds(400);
    CHECK(*cache.deserialise(saved, kScope) == 0);
}

TEST_CASE("D11: a file of another boot names other endpoints, and is not used") {
    const ManualClock clock;
    NameCache cache(clock, {});
    fill(cache);
    const std::string saved = cache.serialise(kScope);
    CHECK(*cache.deserialise(saved, "boot-2") == 0);
    CHECK(cache.stats().names == 0);
}

TEST_CASE("a file is loaded within the present limits, and the youngest names are kept") {
    const ManualClock clock;
    NameCache cache(clock, {});
    fill(cache);
    NameCacheLimits limits;
    limits.names = 1;
    NameCache small(clock, limits);
    CHECK(*small.deserialise(cache.serialise(kScope), kScope) == 1);
    CHECK(small.endpoints() == std::vector<std::uint32_t>{4'000'000'000U});
}

TEST_CASE("a damaged file is an error and an empty cache") {
    const ManualClock clock;
    NameCache cache(clock, {});
    fill(cache);
    const std::string saved = cache.serialise(kScope);
    const auto check_refused = [&](const std::string& content, const char* why) {
        fill(cache);
        const auto loaded = cache.deserialise(content, kScope);
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code() == Code::kInvalidInput);
        CHECK(loaded.error().message().find(why) != std::string::npos);
        CHECK(cache.stats().names == 0);
        CHECK(cache.stats().bytes == 0);
    };
    check_refused("", "not a name cache");
    check_refused("something else altogether", "not a name cache");
    check_refused(saved + "x", "checksum");
    for (std::size_t size = 16; size < saved.size(); size += 7) {
        check_refused(saved.substr(0, size), "checksum");
    }
    for (std::size_t at = 4; at < saved.size(); at += 5) {
        std::string flipped = saved;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
        check_refused(flipped, "checksum");
    }
}

TEST_CASE("a missing or too large file is an error") {
    const TempDir dir;
    const ManualClock clock;
    NameCache cache(clock, {});
    CHECK(cache.load(dir.path() + "/none", kScope).error().code() == Code::kNotFound);
    REQUIRE(namegate::write_file_atomically(dir.path() + "/bad", "NGNC", 0600));
    CHECK(cache.load(dir.path() + "/bad", kScope).error().message().find(dir.path() + "/bad") == 0);
}
