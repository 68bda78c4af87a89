// SPDX-License-Identifier: Apache-2.0
//
// Finds the interfaces of the node without a strict reverse path filter (RFC 3704): they accept packets whose source address is
// reached through another interface, so a host behind them can use a pod's address as source. The filter does not distinguish
// sources behind the same interface, where a DNS response can be forged in any case (docs/limits.md). Reads the kernel's
// settings at each call; owns nothing. A folder that cannot be read is an error; an interface that disappears is left out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::daemon {

inline constexpr const char* kReversePathSettings = "/proc/sys/net/ipv4/conf";

// `folder`: the kernel's IPv4 settings by interface, kReversePathSettings outside tests. `is_ours`: whether the programs check the sources
// of an interface themselves. Returns sorted names, without the loopback device.
Result<std::vector<std::string>> interfaces_without_reverse_path_filter(const std::string& folder,
                                                                        const std::function<bool(const std::string&)>& is_ours);

}  // namespace namegate::daemon
