// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "datapath/clock.h"
#include "datapath/events.h"
#include "datapath/reasons.h"
#include "datapath/settings.h"
#include "datapath_fixture.h"

namespace namegate::test {
namespace {

using namespace datapath;

TEST_CASE("the datapath is loaded once, then opened by its pins", "[loader]") {
    DatapathFixture fixture;
    CHECK(fixture.datapath().fresh());
    const auto seed = fixture.datapath().seed();
    CHECK(seed != 0);
    const auto first = take(fixture.datapath().next_endpoint_id());
    fixture.reopen();
    CHECK_FALSE(fixture.datapath().fresh());
    CHECK(fixture.datapath().seed() == seed);
    CHECK(take(fixture.datapath().next_endpoint_id()) == first + 1);
    for (std::size_t i = 0; i < kMapCount; ++i) {
        CHECK(fixture.datapath().map(static_cast<MapId>(i)));
    }
    for (std::size_t i = 0; i < kProgramCount; ++i) {
        CHECK(fixture.datapath().program(static_cast<ProgramId>(i)));
    }
    CHECK_FALSE(std::filesystem::exists(fixture.datapath().folder() + "-loading"));
}

TEST_CASE("the remains of a crashed load are replaced", "[loader]") {
    DatapathFixture fixture;
    const std::string folder = fixture.datapath().folder();
    REQUIRE(std::rename(folder.c_str(), (folder + "-loading").c_str()) == 0);
    REQUIRE(::unlink((folder + "-loading/maps/meta").c_str()) == 0);
    fixture.reopen();
    CHECK(fixture.datapath().fresh());
    CHECK_FALSE(std::filesystem::exists(folder + "-loading"));
}

TEST_CASE("a lost pin causes a new set of maps", "[loader]") {
    DatapathFixture fixture;
    const auto seed = fixture.datapath().seed();
    REQUIRE(::unlink((fixture.datapath().folder() + "/maps/endpoints").c_str()) == 0);
    fixture.reopen();
    CHECK(fixture.datapath().fresh());
    CHECK(fixture.datapath().seed() != seed);
}

TEST_CASE("maps of another layout are refused, naming both versions", "[loader]") {
    DatapathFixture fixture;
    const int meta = take(fixture.datapath().map(MapId::kMeta));
    const std::uint32_t zero = 0;
    auto value = *take(map_lookup<ng_meta>(meta, zero));
    value.abi_version = 77;
    take(map_update(meta, zero, value));
    const auto opened = Datapath::open(fixture.options());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code() == Code::kUnsupported);
    CHECK(opened.error().message().find("version 77") != std::string::npos);
    CHECK(opened.error().message().find("version " + std::to_string(NG_ABI_VERSION)) != std::string::npos);
}

TEST_CASE("opening the pins is cheap", "[loader]") {
    DatapathFixture fixture;
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 20; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        fixture.reopen();
        best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - begin);
    }
    CHECK(best < std::chrono::milliseconds(1));
}

TEST_CASE("the kernel's clocks", "[clock]") {
    DatapathFixture fixture;
    const SystemClock system;
    const auto before = system.boot_ns();
    const auto first = take(read_clock(fixture.datapath()));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const auto second = take(read_clock(fixture.datapath()));
    CHECK(first.boot_ns >= before);
    const double seconds = static_cast<double>(second.boot_ns - first.boot_ns) / 1e9;
    const double jiffies = static_cast<double>(second.jiffies - first.jiffies);
    CHECK(jiffies / seconds == Approx(fixture.datapath().hz()).epsilon(0.1));
    CHECK(ticks_in(60) == 448);
    CHECK(tick_after(1, UINT32_MAX));
}

TEST_CASE("trusted servers and settings", "[settings]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const TrustedPrefix one{take(IpPrefix::parse("10.0.0.53")), 53};
    const TrustedPrefix two{take(IpPrefix::parse("fd00::/64")), 5353};
    take(set_trusted(datapath, {one, two}));
    CHECK((fixture.size_of<ng_trusted_key, std::uint32_t>(MapId::kTrusted)) == 2);
    take(set_trusted(datapath, {one}));
    CHECK((fixture.size_of<ng_trusted_key, std::uint32_t>(MapId::kTrusted)) == 1);
    take(set_ttl(datapath, {1, 2, 3}));
    const auto config = take(read_config(datapath));
    CHECK(config.max_ttl == 3);
    CHECK(config.be_dns_ports[0] == 0x3500);
    CHECK(config.be_dns_ports[1] == 0);
    std::vector<TrustedPrefix> many;
    for (std::uint16_t port = 1; port <= NG_MAX_DNS_PORTS + 1; ++port) {
        many.push_back({one.prefix, port});
    }
    CHECK(set_trusted(datapath, many).error().code() == Code::kInvalidInput);
}

TEST_CASE("the ring buffers can be read", "[events]") {
    DatapathFixture fixture;
    const auto reader = take(EventReader::create(fixture.datapath(), [](const ng_event&, std::span<const std::uint8_t>) {}));
    CHECK(reader->fd() >= 0);
    CHECK(take(reader->consume()) == 0);
}

TEST_CASE("reasons have names", "[reader]") {
    CHECK(std::string(reason_name(NG_R_DENIED)) == "denied");
    CHECK(std::string(reason_name(NG_R_COUNT)) == "unknown");
}

}  // namespace
}  // namespace namegate::test
