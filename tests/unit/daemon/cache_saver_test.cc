// SPDX-License-Identifier: Apache-2.0
#include "daemon/upkeep/cache_saver.h"

#include <catch2/catch.hpp>

#include "support/dns_message.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

using namespace namegate::test;
using namegate::Code;
using namegate::daemon::CacheSaver;
using namegate::dns::NameCache;

namespace {

void record(NameCache& cache, const std::string& name) {
    const Bytes message = DnsMessage::response(name).a(name, "192.0.2.1").build();
    cache.record(1, namegate::dns::learn(*namegate::dns::parse_message(message)), {});
}

}  // namespace

TEST_CASE("a child saves the cache as it was when the child began") {
    const TempDir dir;
    const std::string path = dir.path() + "/names";
    const ManualClock clock;
    NameCache cache(clock, {});
    record(cache, "before.test");
    CacheSaver saver;
    CHECK_FALSE(saver.poll());
    REQUIRE(saver.start(cache, path, "scope"));
    record(cache, "after.test");
    REQUIRE(saver.start(cache, path, "scope"));  // one child is writing: no other starts
    const auto saved = saver.wait();
    REQUIRE(saved);
    CHECK(*saved);
    CHECK_FALSE(saver.poll());
    NameCache read(clock, {});
    CHECK(*read.load(path, "scope") == 1);
    REQUIRE(saver.start(cache, path, "scope"));
    REQUIRE(saver.wait().value());
    CHECK(*read.load(path, "scope") == 2);
}

TEST_CASE("a failed save is reported once") {
    const TempDir dir;
    const ManualClock clock;
    NameCache cache(clock, {});
    record(cache, "a.test");
    CacheSaver saver;
    REQUIRE(saver.start(cache, dir.path() + "/not/there/names", "scope"));
    const auto saved = saver.wait();
    REQUIRE(saved);
    REQUIRE_FALSE(*saved);
    CHECK(saved->error().code() == Code::kIo);
    CHECK_FALSE(saver.wait());
}
