// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl selector` and `namegatectl domain`: test what a selector or pattern matches. Pure except for the output.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ctl/output.h"
#include "policy/model/selector.h"

namespace namegate::ctl {

// Each text is "key=value"; kInvalidInput if a key occurs twice.
Result<policy::Labels> parse_labels(const std::vector<std::string>& texts);

int run_selector(const Context& context);
int run_domain(const Context& context);

}  // namespace namegate::ctl
