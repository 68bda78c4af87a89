// SPDX-License-Identifier: Apache-2.0
//
// Makes RCU grace periods short while an object of this class exists. Attaching a tcx program, removing a device that
// has such programs, and changing a map of maps each wait 8 to 16 ms for a grace period; the first two hold the lock
// that every change to the node's network needs. The kernel then expedites its grace periods, at the cost of an
// interrupt to each CPU; it already does so for most of the waits under that lock.
// The switch, /sys/kernel/rcu_expedited, is global to the kernel, and any number but 0 turns it on. namegate writes a number
// of its own. So it recognises what a killed process left, and leaves a value of another program alone. The last user writes
// 0 again. Where the switch cannot be written, or rcu_normal overrides it, operations are slower but otherwise work.
// Safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"

namespace namegate {

class ShortGracePeriods {
  public:
    static constexpr std::string_view kOurs = "28263";  // "ng"

    // `lock_path`: the lock file that all users of the switch on this node share.
    explicit ShortGracePeriods(const std::string& lock_path, std::string switch_path = "/sys/kernel/rcu_expedited");
    ~ShortGracePeriods();
    ShortGracePeriods(const ShortGracePeriods&) = delete;
    ShortGracePeriods& operator=(const ShortGracePeriods&) = delete;
    ShortGracePeriods(ShortGracePeriods&&) = delete;
    ShortGracePeriods& operator=(ShortGracePeriods&&) = delete;

  private:
    std::string switch_path_;
    Fd lock_;
};

}  // namespace namegate
