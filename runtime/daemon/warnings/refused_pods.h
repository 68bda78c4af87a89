// SPDX-License-Identifier: Apache-2.0
//
// Pods that could not start because their labels are unknown. No endpoint remains that could show this, and each attempt is
// another container, so they are kept by pod name. Owns its memory only, which is limited: at the limit, the pod whose last
// attempt is the oldest is dropped. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxRefusedPods = 256;
inline constexpr std::uint64_t kRefusedPodSeconds = 900;  // since the last attempt
inline constexpr std::uint64_t kLabelsSeconds = 3;        // after the first attempt; earlier, containerd may still return the labels

class RefusedPods {
  public:
    explicit RefusedPods(const Clock& clock) : clock_(clock) {}

    // The pod could not start.
    void refuse(const std::string& pod, const std::string& why);
    // The pod started, or failed for another reason.
    void admit(const std::string& pod) { pods_.erase(pod); }
    // The pods to warn about, with the reasons.
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
