// SPDX-License-Identifier: Apache-2.0
//
// Two packets at the same moment, on two CPUs.
#pragma once

#include <sched.h>

#include <atomic>
#include <functional>
#include <thread>

namespace namegate::test {

inline void run_on_cpu(unsigned cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    static_cast<void>(::sched_setaffinity(0, sizeof one, &one));
}

// Both at the same moment, on two CPUs.
inline void together(const std::function<void()>& first, const std::function<void()>& second) {
    std::atomic<int> ready{0};
    const auto work = [&](unsigned cpu, const std::function<void()>& what) {
        run_on_cpu(cpu);
        ++ready;
        while (ready < 2) {
        }
        what();
    };
    std::thread other([&] { work(1, second); });
    std::thread one([&] { work(0, first); });
    one.join();
    other.join();
}

}  // namespace namegate::test
