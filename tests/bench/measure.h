// SPDX-License-Identifier: Apache-2.0
//
// Code that the benchmarks share: one CPU to run on, medians, and a table on stdout.
#pragma once

#include <sched.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace namegate::bench {

// The last CPU: the first one has the machine's own work.
inline void pin_to_one_cpu() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return;
    }
    std::size_t last = 0;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        last = CPU_ISSET(cpu, &allowed) ? cpu : last;
    }
    CPU_ZERO(&allowed);
    CPU_SET(last, &allowed);
    static_cast<void>(::sched_setaffinity(0, sizeof allowed, &allowed));
}

// Nearest rank; `percent` 50 is the median.
template <typename T>
T percentile(std::vector<T> values, unsigned percent) {
    if (values.empty()) {
        return T{};
    }
    std::sort(values.begin(), values.end());
    const std::size_t rank = (values.size() * percent + 99) / 100;
    return values[std::max<std::size_t>(rank, 1) - 1];
}
template <typename T>
T median(const std::vector<T>& values) {
    return percentile(values, 50);
}

}  // namespace namegate::bench
