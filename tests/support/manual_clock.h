// SPDX-License-Identifier: Apache-2.0
//
// A clock that stands still until the test moves it.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace namegate::test {

class ManualClock final : public Clock {
  public:
    std::uint64_t boot_ns() const override { return boot_ns_; }
    std::int64_t wall_seconds() const override { return wall_seconds_; }
    void advance_seconds(std::uint64_t seconds) {
        boot_ns_ += seconds * 1'000'000'000ULL;
        wall_seconds_ += static_cast<std::int64_t>(seconds);
    }

  private:
    std::uint64_t boot_ns_ = 1'000'000'000'000ULL;
    std::int64_t wall_seconds_ = 1'700'000'000;
};

}  // namespace namegate::test
