// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl selector` and `namegatectl domain`: what a text in a policy would match. Pure but for the output.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ctl/output.h"
#include "policy/model/selector.h"

namespace namegate::ctl {

// "key=value", each key once.
Result<policy::Labels> parse_labels(const std::vector<std::string>& texts);

int run_selector(const Context& context);
int run_domain(const Context& context);

}  // namespace namegate::ctl
