// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

namespace namegate {

std::uint64_t SystemClock::boot_ns() const {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

std::int64_t SystemClock::wall_seconds() const { return static_cast<std::int64_t>(::time(nullptr)); }

}  // namespace namegate
