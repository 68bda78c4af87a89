// SPDX-License-Identifier: Apache-2.0
#include "dns/lifetime.h"

#include <algorithm>

namespace namegate::dns {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

std::uint64_t effective_ttl_seconds(std::uint32_t record_ttl, const LifetimeSettings& settings) {
    const std::uint64_t extended = std::uint64_t{record_ttl} + settings.extra_seconds;
    return std::min<std::uint64_t>(std::max<std::uint64_t>(extended, settings.min_seconds), settings.max_seconds);
}

std::uint64_t expiry_boot_ns(std::uint64_t now_boot_ns, std::uint32_t record_ttl, const LifetimeSettings& settings) {
    return now_boot_ns + effective_ttl_seconds(record_ttl, settings) * kNanosecondsPerSecond;
}

}  // namespace namegate::dns
