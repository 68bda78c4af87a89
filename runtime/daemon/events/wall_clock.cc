// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/wall_clock.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "base/utc_text.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kMsNs = 1'000'000;

}  // namespace

std::string wall_time(std::uint64_t boot_ns, std::uint64_t boot_now_ns) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const std::uint64_t now_ns = static_cast<std::uint64_t>(now.tv_sec) * kSecondNs + static_cast<std::uint64_t>(now.tv_nsec);
    const std::uint64_t then_ns = now_ns + boot_ns - boot_now_ns;
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03uZ", static_cast<unsigned>(then_ns % kSecondNs / kMsNs));
    return format_utc(static_cast<std::int64_t>(then_ns / kSecondNs), "%Y-%m-%dT%H:%M:%S") + fraction.data();
}

}  // namespace namegate::daemon
