// SPDX-License-Identifier: Apache-2.0
//
// Time as the datapath sees it: CLOCK_BOOTTIME, which includes suspends and never jumps with the wall clock.
// Code that needs time receives a Clock, so that tests can control it. SystemClock is safe from any thread and cannot fail.
#pragma once

#include <chrono>
#include <cstdint>

namespace namegate {

class Clock {
  public:
    Clock() = default;
    virtual ~Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    Clock(Clock&&) = delete;
    Clock& operator=(Clock&&) = delete;

    // Nanoseconds since boot, the same clock as bpf_ktime_get_boot_ns().
    virtual std::uint64_t boot_ns() const = 0;
    // Seconds since the Unix epoch, for people and for files that outlive a boot.
    virtual std::int64_t wall_seconds() const = 0;
};

// For comparisons with boot_ns(). Not negative.
inline std::uint64_t nanoseconds_of(std::chrono::milliseconds time) {
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count());
}

class SystemClock final : public Clock {
  public:
    std::uint64_t boot_ns() const override;
    std::int64_t wall_seconds() const override;
};

}  // namespace namegate
