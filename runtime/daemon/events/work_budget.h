// SPDX-License-Identifier: Apache-2.0
//
// How much work of one kind may be done at most, in units of the caller's: so many in each stretch of time. Owns nothing;
// the clock outlives it. One thread. Cannot fail.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace namegate::daemon {

class WorkBudget {
  public:
    WorkBudget(const Clock& clock, std::uint64_t stretch_ns, std::uint64_t units) : clock_(clock), stretch_ns_(stretch_ns), units_(units) {}

    // False: no room in this stretch, and nothing is taken.
    bool take(std::uint64_t units) {
        const std::uint64_t stretch = clock_.boot_ns() / stretch_ns_;
        if (stretch != stretch_) {
            stretch_ = stretch;
            taken_ = 0;
        }
        if (units > units_ - taken_) {
            return false;
        }
        taken_ += units;
        return true;
    }

  private:
    const Clock& clock_;
    std::uint64_t stretch_ns_;
    std::uint64_t units_;
    std::uint64_t stretch_ = 0;
    std::uint64_t taken_ = 0;
};

}  // namespace namegate::daemon
