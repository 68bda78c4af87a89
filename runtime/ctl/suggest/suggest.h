// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl suggest`: prints policies that allow what endpoints did, from the events of the daemon or from a flow log. Blocks
// until the time is over.
#pragma once

#include "ctl/output.h"

namespace namegate::ctl {

int run_suggest(const Context& context);

}  // namespace namegate::ctl
