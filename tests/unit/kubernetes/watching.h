// SPDX-License-Identifier: Apache-2.0
//
// For tests of watches over real connections: times that are short enough for a test, and waiting while the watches work.
#pragma once

#include <poll.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "kubernetes/client/kind_watch.h"

namespace namegate::test {

inline constexpr std::chrono::milliseconds kPatience{10'000};

inline kubernetes::WatchTiming quick_timing() {
    kubernetes::WatchTiming out;
    out.first_delay = std::chrono::milliseconds(20);
    out.max_delay = std::chrono::milliseconds(100);
    out.list_silence = std::chrono::milliseconds(500);
    out.watch_silence = std::chrono::milliseconds(500);
    return out;
}

// Works until the condition holds. `fd`: readable when there is something to do. `state()`: said if the condition never holds.
template <typename Condition, typename Work, typename State>
bool becomes(int fd, const Condition& condition, const Work& work, const State& state) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            UNSCOPED_INFO(state());
            return false;
        }
        work();
        pollfd poll{fd, POLLIN, 0};
        ::poll(&poll, 1, 5);
    }
    return true;
}

}  // namespace namegate::test
