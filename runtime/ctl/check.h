// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl check`: reads policy files and prints their errors and warnings. Blocks on the disk.
#pragma once

#include "ctl/output.h"

namespace namegate::ctl {

int run_check(const Context& context);

}  // namespace namegate::ctl
