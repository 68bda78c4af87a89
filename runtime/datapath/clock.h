// SPDX-License-Identifier: Apache-2.0
//
// The kernel's clocks as the programs see them, and ticks (abi.h). Pure except for read_clock() and jiffies_per_second().
#pragma once

#include <cstdint>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// Jiffies and boot time at the same moment, read by running the program clock_now.
Result<ng_clock> read_clock(Datapath& datapath);
// HZ of the running kernel, from the resolution of its coarse clocks, which is one jiffy.
Result<std::uint32_t> jiffies_per_second();

constexpr std::uint32_t tick_of(std::uint64_t boot_ns) { return static_cast<std::uint32_t>(boot_ns >> NG_TICK_SHIFT); }
// Rounded up, so that nothing expires early.
constexpr std::uint32_t ticks_in(std::uint64_t seconds) {
    return static_cast<std::uint32_t>(((seconds * 1'000'000'000ULL) + (1ULL << NG_TICK_SHIFT) - 1) >> NG_TICK_SHIFT);
}
// Signed distance `later - earlier`, correct across the wrap-around of 32 bits.
constexpr std::int32_t ticks_between(std::uint32_t earlier, std::uint32_t later) { return static_cast<std::int32_t>(later - earlier); }
constexpr bool tick_after(std::uint32_t a, std::uint32_t b) { return ticks_between(b, a) > 0; }
constexpr std::int64_t ticks_to_ms(std::int64_t ticks) { return (ticks * (1LL << NG_TICK_SHIFT)) / 1'000'000; }

}  // namespace namegate::datapath
