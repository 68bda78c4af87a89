// SPDX-License-Identifier: Apache-2.0
//
// The direction and action of a rule. The kernel programs use the same numbers. Plain values.
#pragma once

#include <cstdint>

namespace namegate::policy {

enum class Direction : std::uint8_t { kEgress = 0, kIngress = 1 };

enum class RuleAction : std::uint8_t { kDeny = 0, kAllow = 1, kPass = 2, kLog = 3 };

}  // namespace namegate::policy
