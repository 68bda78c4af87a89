// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/reply_children.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace namegate::daemon {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The client's end and the daemon's.
struct Line {
    Line() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
        client.reset(ends[0]);
        daemon.reset(ends[1]);
    }
    // What can be read now.
    std::string read() const {
        std::string out;
        std::array<char, 65536> buffer{};
        for (ssize_t got = 0; (got = ::recv(client.get(), buffer.data(), buffer.size(), 0)) > 0;) {
            out.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return out;
    }

    Fd client;
    Fd daemon;
};

struct Loop {
    Loop() {
        auto created = EventLoop::create();
        REQUIRE(created);
        events = std::move(*created);
    }
    std::unique_ptr<ReplyChildren> children(std::uint64_t timeout_us = kReplyChildUs) const {
        auto created = ReplyChildren::create(*events, timeout_us);
        REQUIRE(created);
        return std::move(*created);
    }
    // Runs rounds until the condition holds. Returns the longest time of one round.
    template <typename Condition>
    milliseconds run_until(Condition&& condition) const {
        milliseconds longest{0};
        const auto deadline = SteadyClock::now() + std::chrono::seconds(20);
        while (!condition() && SteadyClock::now() < deadline) {
            const auto begin = SteadyClock::now();
            REQUIRE(events->run_once(1000));
            longest = std::max(longest, std::chrono::duration_cast<milliseconds>(SteadyClock::now() - begin));
        }
        REQUIRE(condition());
        return longest;
    }

    std::unique_ptr<EventLoop> events;
};

}  // namespace

TEST_CASE("a reply that takes long to make and to write does not delay the event loop") {
    const Loop loop;
    const Line line;
    const std::string text = std::string(20'000'000, 'x') + "\n";
    const auto children = loop.children();
    int ends = 0;
    children->add({[&] { return line.daemon.get(); },
                   [&] {
                       std::this_thread::sleep_for(milliseconds(1000));
                       return text;
                   },
                   [&](bool whole) { ends += whole ? 1 : 100; }});
    CHECK(ends == 0);
    std::string got;
    const milliseconds longest = loop.run_until([&] {
        got += line.read();
        return ends != 0 && got.size() >= text.size();
    });
    CHECK(ends == 1);
    CHECK((got == text));
    CHECK(longest < milliseconds(500));
}

TEST_CASE("more replies than children: each is made in its turn, once") {
    const Loop loop;
    const std::vector<Line> lines(3 * kMaxReplyChildren);
    const auto children = loop.children();
    std::vector<int> ends(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        children->add({[&lines, i] { return lines[i].daemon.get(); }, [i] { return std::to_string(i) + "\n"; },
                       [&ends, i](bool whole) { ends[i] += whole ? 1 : 100; }});
    }
    loop.run_until([&] { return std::count(ends.begin(), ends.end(), 0) == 0; });
    for (std::size_t i = 0; i < lines.size(); ++i) {
        CHECK(ends[i] == 1);
        CHECK(lines[i].read() == std::to_string(i) + "\n");
    }
}

TEST_CASE("clients that disconnect, and clients that never read, free their place") {
    const Loop loop;
    const Line gone;
    const Line deaf;
    const Line last;
    Line away;
    away.client.reset();
    const auto children = loop.children(200'000);
    std::string ends;
    const auto add = [&](const Line& line, char name) {
        children->add({[&line, name] { return name == 'g' ? -1 : line.daemon.get(); }, [] { return std::string(8'000'000, 'x'); },
                       [&ends, name](bool whole) { ends += std::string(1, name) + (whole ? "+" : "-"); }});
    };
    add(gone, 'g');
    add(away, 'a');
    for (std::size_t i = 0; i < kMaxReplyChildren; ++i) {
        add(deaf, 'd');
    }
    add(last, 'l');
    loop.run_until([&] {
        static_cast<void>(last.read());
        return ends.find('l') != std::string::npos;
    });
    CHECK(ends.find("l+") != std::string::npos);
    CHECK(ends.find("a-") != std::string::npos);
    CHECK(ends.find("d-") != std::string::npos);
    CHECK(ends.find("d+") == std::string::npos);
    CHECK(ends.find('g') == std::string::npos);
}

TEST_CASE("the children end with the daemon") {
    const Loop loop;
    const Line line;
    {
        const auto children = loop.children();
        children->add({[&] { return line.daemon.get(); }, [] { return std::string(8'000'000, 'x'); }, [](bool /*whole*/) {}});
        std::string got;
        loop.run_until([&] { return !(got += line.read()).empty(); });
    }
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

}  // namespace namegate::daemon
