// SPDX-License-Identifier: Apache-2.0
//
// Limits work: a number of units, defined by the caller, in each interval of time. The clock outlives it. One thread; cannot fail.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace namegate::daemon {

class WorkBudget {
  public:
    WorkBudget(const Clock& clock, std::uint64_t interval_ns, std::uint64_t units)
        : clock_(clock), interval_ns_(interval_ns), units_(units) {}

    // False: the rest of this interval's budget is too small; nothing is spent.
    bool try_spend(std::uint64_t units) {
        const std::uint64_t interval = clock_.boot_ns() / interval_ns_;
        if (interval != interval_) {
            interval_ = interval;
            spent_ = 0;
        }
        if (units > units_ - spent_) {
            return false;
        }
        spent_ += units;
        return true;
    }

  private:
    const Clock& clock_;
    std::uint64_t interval_ns_;
    std::uint64_t units_;
    std::uint64_t interval_ = 0;
    std::uint64_t spent_ = 0;
};

}  // namespace namegate::daemon
