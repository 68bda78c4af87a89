// SPDX-License-Identifier: Apache-2.0
//
// Decides which families of packets the endpoint's own side of each rule matches. A step of compile(). Pure; errors are values.
#pragma once

#include <vector>

#include "base/result.h"
#include "policy/compiler/compile_rules.h"
#include "policy/model/selection.h"

namespace namegate::policy {

// Sets `v4` and `v6` of each rule: whether its local side matches the endpoint's own addresses and labels.
Result<> decide_local_sides(std::vector<NumberedRule>& rules, Resolver& resolver);

}  // namespace namegate::policy
