// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl selector` and `namegatectl domain`: what a text in a policy would match. Pure but for the output.
#pragma once

#include "ctl/output.h"

namespace namegate::ctl {

int run_selector(const Context& context);
int run_domain(const Context& context);

}  // namespace namegate::ctl
