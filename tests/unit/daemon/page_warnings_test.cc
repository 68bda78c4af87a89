// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/page_warnings.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "support/manual_clock.h"

namespace namegate::daemon {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kSlow{800};

struct Fixture {
    explicit Fixture(PageWarnings::Make make) : loop(std::move(EventLoop::create().value())) {
        warnings = std::move(PageWarnings::create(*loop, clock, std::move(make)).value());
    }
    // Returns the longest time for which the loop was busy.
    milliseconds run_until(const std::vector<std::string>& lines) {
        milliseconds longest{0};
        const auto deadline = SteadyClock::now() + std::chrono::seconds(10);
        while (warnings->lines() != lines && SteadyClock::now() < deadline) {
            const auto begin = SteadyClock::now();
            REQUIRE(loop->run_once(1));
            longest = std::max(longest, std::chrono::duration_cast<milliseconds>(SteadyClock::now() - begin));
        }
        CHECK(warnings->lines() == lines);
        return longest;
    }

    test::ManualClock clock;
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<PageWarnings> warnings;
};

}  // namespace

TEST_CASE("the page's warnings are made in a child, and the loop goes on meanwhile") {
    int version = 1;
    Fixture fixture([&version] {
        std::this_thread::sleep_for(kSlow);
        return std::vector<std::string>{"a, with a\nline", "", "version " + std::to_string(version)};
    });
    const auto begin = SteadyClock::now();
    fixture.warnings->refresh();
    CHECK(fixture.warnings->lines().empty());
    CHECK(SteadyClock::now() - begin < kSlow / 2);
    CHECK(fixture.run_until({"a, with a\nline", "", "version 1"}) < kSlow / 2);

    version = 2;
    fixture.warnings->refresh();  // too soon
    for (const auto end = SteadyClock::now() + 2 * kSlow; SteadyClock::now() < end;) {
        REQUIRE(fixture.loop->run_once(10));
    }
    CHECK(fixture.warnings->lines().back() == "version 1");
    fixture.clock.advance_seconds(kWarningsKeptNs / 1'000'000'000);
    fixture.warnings->refresh();
    CHECK(fixture.warnings->lines().back() == "version 1");
    fixture.run_until({"a, with a\nline", "", "version 2"});
}

TEST_CASE("a child that fails leaves the last warnings, and too many of them are left out") {
    bool fails = false;
    Fixture fixture([&fails] {
        if (fails) {
            ::_exit(1);
        }
        return std::vector<std::string>{"first", std::string(kMaxWarningBytes - 100, 'x'), std::string(100, 'y'), "last"};
    });
    fixture.warnings->refresh();
    const std::vector<std::string> lines = {"first", std::string(kMaxWarningBytes - 100, 'x')};
    fixture.run_until(lines);
    fails = true;
    fixture.clock.advance_seconds(kWarningsKeptNs / 1'000'000'000);
    fixture.warnings->refresh();
    for (const auto end = SteadyClock::now() + milliseconds(300); SteadyClock::now() < end;) {
        REQUIRE(fixture.loop->run_once(10));
    }
    CHECK(fixture.warnings->lines() == lines);
    fails = false;
    fixture.clock.advance_seconds(kWarningsKeptNs / 1'000'000'000);
    fixture.warnings->refresh();
    fixture.run_until(lines);
}

}  // namespace namegate::daemon
