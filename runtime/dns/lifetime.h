// SPDX-License-Identifier: Apache-2.0
//
// How long a learnt address opens new flows (D13). The kernel does the same sum on the same three numbers.
// Pure; never fails.
#pragma once

#include <cstdint>

namespace namegate::dns {

struct LifetimeSettings {
    std::uint32_t extra_seconds = 0;
    std::uint32_t min_seconds = 2;
    std::uint32_t max_seconds = 86400;
};

// max(record TTL + extra, min), and never more than max.
std::uint64_t effective_ttl_seconds(std::uint32_t record_ttl, const LifetimeSettings& settings);

// The boot time at which an answer seen at `now_boot_ns` stops opening new flows.
std::uint64_t expiry_boot_ns(std::uint64_t now_boot_ns, std::uint32_t record_ttl, const LifetimeSettings& settings);

}  // namespace namegate::dns
