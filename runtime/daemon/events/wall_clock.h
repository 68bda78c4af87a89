// SPDX-License-Identifier: Apache-2.0
//
// Times of the boot clock as wall-clock time, for people. Pure but for the system's clock; cannot fail.
#pragma once

#include <cstdint>
#include <string>

namespace namegate::daemon {

// UTC with milliseconds (RFC 3339). `boot_now_ns` is the boot clock's time now.
std::string wall_time(std::uint64_t boot_ns, std::uint64_t boot_now_ns);

}  // namespace namegate::daemon
