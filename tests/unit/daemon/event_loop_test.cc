// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/event_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace namegate::daemon {
namespace {

constexpr std::uint64_t kMs = 1000;
constexpr std::uint64_t kExact = 1;  // microseconds of accuracy

std::unique_ptr<EventLoop> make_loop() {
    auto loop = EventLoop::create();
    REQUIRE(loop);
    return std::move(*loop);
}

template <typename Source>
Source added(Result<Source> source) {
    REQUIRE(source);
    return std::move(*source);
}

// Runs callbacks until nothing is ready.
void run_ready(EventLoop& loop) {
    for (int i = 0; i < 20; ++i) {
        REQUIRE(loop.run_once(0));
    }
}

// A descriptor that is readable while its count is not 0.
struct Counter {
    void add() const { REQUIRE(::eventfd_write(fd.get(), 1) == 0); }
    void clear() const {
        eventfd_t count = 0;
        static_cast<void>(::eventfd_read(fd.get(), &count));
    }

    Fd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

}  // namespace

TEST_CASE("io: the callback gets the current events, again and again while they last") {
    const auto loop = make_loop();
    const Counter counter;
    std::vector<std::uint32_t> seen;
    IoSource source = added(loop->add_io(counter.fd.get(), EPOLLIN, [&](std::uint32_t events) {
        seen.push_back(events);
        if (seen.size() == 2) {
            counter.clear();
        }
    }));
    CHECK(source);
    run_ready(*loop);
    CHECK(seen.empty());
    counter.add();
    run_ready(*loop);
    CHECK(seen == std::vector<std::uint32_t>{EPOLLIN, EPOLLIN});
}

TEST_CASE("io: a source can watch other events, or none") {
    const auto loop = make_loop();
    const Counter counter;
    std::uint32_t last = 0;
    IoSource source = added(loop->add_io(counter.fd.get(), EPOLLIN, [&](std::uint32_t events) { last = events; }));
    const auto now = [&] {
        last = 0;
        run_ready(*loop);
        return last;
    };
    counter.add();
    CHECK(now() == EPOLLIN);
    source.set_events(EPOLLOUT);
    CHECK(now() == EPOLLOUT);
    source.set_events(0);
    CHECK(now() == 0);
    source.set_events(EPOLLIN);
    source.set_enabled(false);
    CHECK(now() == 0);
    source.set_enabled(true);
    CHECK(now() == EPOLLIN);
    source.reset();
    CHECK_FALSE(source);
    CHECK(now() == 0);
}

TEST_CASE("io: a descriptor that cannot be watched is an error") {
    const auto loop = make_loop();
    CHECK_FALSE(loop->add_io(-1, EPOLLIN, [](std::uint32_t /*events*/) {}));
}

TEST_CASE("timers fire in the order of their due times, once for each start") {
    const auto loop = make_loop();
    std::string order;
    TimerSource stopped = added(loop->add_timer(kExact, [&] { order += 's'; }));
    TimerSource late = added(loop->add_timer(kExact, [&] {
        order += 'l';
        loop->exit();
    }));
    TimerSource soon = added(loop->add_timer(kExact, [&] { order += 'n'; }));
    TimerSource moved = added(loop->add_timer(kExact, [&] { order += 'm'; }));
    TimerSource never = added(loop->add_timer(kExact, [&] { order += 'x'; }));
    TimerSource past = added(loop->add_timer(kExact, [&] { order += 'p'; }));
    const std::uint64_t begin = loop->now_us();
    late.start_in(40 * kMs);
    moved.start_in(1 * kMs);
    moved.start_at(begin + 20 * kMs);
    soon.start_in(10 * kMs);
    stopped.start_in(5 * kMs);
    stopped.stop();
    past.start_at(1);
    REQUIRE(loop->run());
    CHECK(order == "pnml");
    CHECK(loop->now_us() >= begin + 40 * kMs);
    static_cast<void>(never);
}

TEST_CASE("a timer can be started again from its own callback") {
    const auto loop = make_loop();
    int calls = 0;
    TimerSource timer;
    timer = added(loop->add_timer(kExact, [&] {
        if (++calls < 3) {
            timer.start_in(0);
        } else {
            loop->exit();
        }
    }));
    timer.start_in(0);
    REQUIRE(loop->run());
    CHECK(calls == 3);
}

TEST_CASE("periodic work runs one period after its last run") {
    const auto loop = make_loop();
    std::vector<std::uint64_t> times{loop->now_us()};
    EventSource source = added(loop->add_periodic(5 * kMs, kExact, [&] {
        times.push_back(loop->now_us());
        if (times.size() == 5) {
            loop->exit();
        }
    }));
    CHECK(source);
    REQUIRE(loop->run());
    REQUIRE(times.size() == 5);
    for (std::size_t i = 1; i < times.size(); ++i) {
        CHECK(times[i] >= times[i - 1] + 5 * kMs);
    }
}

TEST_CASE("deferred work runs once each time it is switched on") {
    const auto loop = make_loop();
    int calls = 0;
    DeferredSource source = added(loop->add_deferred(EventLoop::Priority::kNormal, [&] { ++calls; }));
    run_ready(*loop);
    CHECK(calls == 0);
    source.set_enabled(true);
    source.set_enabled(true);
    run_ready(*loop);
    CHECK(calls == 1);
    source.set_enabled(true);
    source.set_enabled(false);
    run_ready(*loop);
    CHECK(calls == 1);
}

TEST_CASE("idle work runs when nothing else is ready") {
    const auto loop = make_loop();
    const Counter counter;
    std::string order;
    DeferredSource idle;
    idle = added(loop->add_deferred(EventLoop::Priority::kIdle, [&] {
        order += 'i';
        if (order.size() < 6) {
            idle.set_enabled(true);
        }
    }));
    idle.set_enabled(true);
    IoSource io = added(loop->add_io(counter.fd.get(), EPOLLIN, [&](std::uint32_t /*events*/) {
        order += 'f';
        if (order.size() == 3) {
            counter.clear();
        }
    }));
    counter.add();
    run_ready(*loop);
    CHECK(order == "fffiii");
    CHECK(io);
}

TEST_CASE("a signal is delivered by the loop") {
    const auto loop = make_loop();
    std::string seen;
    EventSource first = added(loop->add_signal(SIGUSR1, [&] { seen += '1'; }));
    EventSource second = added(loop->add_signal(SIGUSR2, [&] {
        seen += '2';
        loop->exit();
    }));
    CHECK_FALSE(loop->add_signal(SIGUSR1, [] {}));
    REQUIRE(::raise(SIGUSR1) == 0);
    run_ready(*loop);
    CHECK(seen == "1");
    REQUIRE(::raise(SIGUSR2) == 0);
    REQUIRE(loop->run());
    CHECK(seen == "12");
    CHECK(first);
    CHECK(second);
}

// The object that the next test destroys from inside.
struct Owner {
    std::optional<EventSource> source;
    int calls = 0;
    bool captures_lived = false;

    // A callback that destroys the source, and then uses what only the callback itself keeps alive.
    auto work() {
        auto kept = std::make_shared<int>(1);
        last = kept;
        return [this, kept = std::move(kept)] {
            ++calls;
            source.reset();
            captures_lived = !last.expired() && *kept == 1;
        };
    }
    void check(EventLoop& loop) {
        for (int i = 0; i < 100 && calls == 0; ++i) {
            REQUIRE(loop.run_once(10 * kMs));
        }
        run_ready(loop);
        CHECK(calls == 1);
        CHECK(captures_lived);
        CHECK(last.expired());
    }

    std::weak_ptr<int> last;
};

TEST_CASE("a source may be destroyed in its own callback, whose captures live until it returns") {
    const auto loop = make_loop();
    Owner owner;
    SECTION("io") {
        const Counter counter;
        counter.add();
        owner.source = added(loop->add_io(counter.fd.get(), EPOLLIN, [work = owner.work()](std::uint32_t /*events*/) { work(); }));
        owner.check(*loop);
    }
    SECTION("timer") {
        TimerSource timer = added(loop->add_timer(kExact, owner.work()));
        timer.start_in(0);
        owner.source = std::move(timer);
        owner.check(*loop);
    }
    SECTION("periodic") {
        owner.source = added(loop->add_periodic(1, kExact, owner.work()));
        owner.check(*loop);
    }
    SECTION("deferred") {
        DeferredSource deferred = added(loop->add_deferred(EventLoop::Priority::kNormal, owner.work()));
        deferred.set_enabled(true);
        owner.source = std::move(deferred);
        owner.check(*loop);
    }
    SECTION("signal") {
        owner.source = added(loop->add_signal(SIGUSR1, owner.work()));
        REQUIRE(::raise(SIGUSR1) == 0);
        owner.check(*loop);
    }
}

TEST_CASE("a callback may replace its own source") {
    const auto loop = make_loop();
    std::string order;
    EventSource source;
    source = added(loop->add_periodic(1, kExact, [&] {
        order += 'a';
        source = added(loop->add_periodic(1, kExact, [&] {
            order += 'b';
            loop->exit();
        }));
    }));
    REQUIRE(loop->run());
    CHECK(order == "ab");
}

TEST_CASE("a source that another callback destroys is not called, even if it was ready") {
    const auto loop = make_loop();
    const Counter one;
    const Counter other;
    one.add();
    other.add();
    int calls = 0;
    std::array<IoSource, 2> sources;
    const auto work = [&](std::size_t destroyed) {
        return [&, destroyed](std::uint32_t /*events*/) {
            ++calls;
            one.clear();
            other.clear();
            sources.at(destroyed).reset();
        };
    };
    sources[0] = added(loop->add_io(one.fd.get(), EPOLLIN, work(1)));
    sources[1] = added(loop->add_io(other.fd.get(), EPOLLIN, work(0)));
    run_ready(*loop);
    CHECK(calls == 1);
    CHECK(static_cast<bool>(sources[0]) != static_cast<bool>(sources[1]));
}

TEST_CASE("a moved source keeps working, and its callback is destroyed with the last owner") {
    const auto loop = make_loop();
    const auto captured = std::make_shared<int>(0);
    DeferredSource first = added(loop->add_deferred(EventLoop::Priority::kNormal, [captured] { ++*captured; }));
    first.set_enabled(true);
    {
        DeferredSource second = std::move(first);
        run_ready(*loop);
        CHECK(*captured == 1);
        CHECK(captured.use_count() == 2);
    }
    CHECK(captured.use_count() == 1);
}

TEST_CASE("exit: sources that are ready at that moment are not called") {
    const auto loop = make_loop();
    int calls = 0;
    std::vector<DeferredSource> sources;
    for (int i = 0; i < 3; ++i) {
        sources.push_back(added(loop->add_deferred(EventLoop::Priority::kNormal, [&] {
            ++calls;
            loop->exit();
        })));
        sources.back().set_enabled(true);
    }
    REQUIRE(loop->run());
    CHECK(calls == 1);
}

TEST_CASE("a source may outlive its loop") {
    auto loop = make_loop();
    const auto captured = std::make_shared<int>(0);
    {
        EventSource source = added(loop->add_periodic(1, kExact, [captured] { ++*captured; }));
        loop.reset();
        CHECK(captured.use_count() == 2);
    }
    CHECK(captured.use_count() == 1);
    CHECK(*captured == 0);
}

}  // namespace namegate::daemon
