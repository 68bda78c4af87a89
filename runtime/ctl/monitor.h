// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl monitor`: prints events of the node as they happen, one per line. Blocks until the daemon ends or the output
// is closed.
#pragma once

#include "ctl/output.h"

namespace namegate::ctl {

int run_monitor(const Context& context);

}  // namespace namegate::ctl
