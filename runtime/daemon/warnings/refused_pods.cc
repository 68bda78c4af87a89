// SPDX-License-Identifier: Apache-2.0
#include "daemon/warnings/refused_pods.h"

#include <algorithm>

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

}  // namespace

void RefusedPods::refuse(const std::string& pod, const std::string& why) {
    const std::uint64_t now = clock_.boot_ns();
    Refused& refused = pods_.try_emplace(pod, Refused{why, now, now}).first->second;
    refused.why = why;
    refused.last = now;
    if (pods_.size() > kMaxRefusedPods) {
        pods_.erase(
            std::min_element(pods_.begin(), pods_.end(), [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
    }
}

std::map<std::string, std::string> RefusedPods::list() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : pods_) {
        const std::uint64_t now = clock_.boot_ns();
        if (now - entry.second.since >= kLabelsSeconds * kSecond && now - entry.second.last <= kRefusedPodSeconds * kSecond) {
            out[entry.first] = entry.second.why;
        }
    }
    return out;
}

}  // namespace namegate::daemon
