// SPDX-License-Identifier: Apache-2.0
//
// How long a learned address opens new flows (D13). The kernel program calculates the same from the same three numbers.
// Pure; never fails.
#pragma once

#include <cstdint>

namespace namegate::dns {

struct LifetimeSettings {
    std::uint32_t extra_seconds = 0;
    std::uint32_t min_seconds = 2;
    std::uint32_t max_seconds = 86400;
};

// min(max(record TTL + extra, min_seconds), max_seconds).
std::uint64_t effective_ttl_seconds(std::uint32_t record_ttl, const LifetimeSettings& settings);

// Returns the boot time at which an address from a response seen at `now_boot_ns` expires.
std::uint64_t expiry_boot_ns(std::uint64_t now_boot_ns, std::uint32_t record_ttl, const LifetimeSettings& settings);

}  // namespace namegate::dns
