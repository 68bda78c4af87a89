// SPDX-License-Identifier: Apache-2.0
//
// Pods that could not be started because nobody knows their labels: no endpoint is left to show it by. By name, since each
// attempt is another container. Owns its memory only, bounded: the one refused longest ago goes. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxRefusedPods = 256;
inline constexpr std::uint64_t kRefusedPodSeconds = 900;  // since the last attempt
inline constexpr std::uint64_t kLabelsSeconds = 3;        // what containerd knows is there by then: only after it is it told

class RefusedPods {
  public:
    explicit RefusedPods(const Clock& clock) : clock_(clock) {}

    void refuse(const std::string& pod, const std::string& why);
    void admit(const std::string& pod) { pods_.erase(pod); }
    // Why, by pod.
    std::map<std::string, std::string> list() const;

  private:
    struct Refused {
        std::string why;
        std::uint64_t since = 0;  // boot_ns
        std::uint64_t last = 0;
    };

    const Clock& clock_;
    std::map<std::string, Refused> pods_;
};

}  // namespace namegate::daemon
