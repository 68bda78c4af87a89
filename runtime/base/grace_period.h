// SPDX-License-Identifier: Apache-2.0
//
// Short RCU grace periods for a moment. Attaching a tcx program, removing a device that has some, and changing a map
// of maps each wait for a grace period, the first two with the lock held that all changes to the node's network need:
// 8 to 16 ms each time. While an object of this class lives the kernel hurries its grace periods (what it does by
// itself for most of the waiting under that lock), at the price of an interrupt to each CPU.
// The switch is the whole kernel's (/sys/kernel/rcu_expedited), so it is set back by whoever leaves last, and one that
// somebody else has set is left alone. Any number but 0 switches it on, and ours is one that nobody else writes: by it
// whoever comes next, from whatever state folder, knows what a killed process left, and sets it back. Where the switch
// cannot be written (or rcu_normal overrides it) all is slower and nothing else.
// Any thread; functions wait for nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"

namespace namegate {

class ShortGracePeriods {
  public:
    static constexpr std::string_view kOurs = "28263";  // "ng"

    // `lock_path`: a file of this node that all who share the switch use.
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
