// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl monitor`: what happens on the node, as it happens, one event a line. Blocks until the daemon goes or the
// output does.
#pragma once

#include "ctl/output.h"

namespace namegate::ctl {

int run_monitor(const Context& context);

// One event as a line for people, without its end.
std::string event_line(const api::Json& event);

}  // namespace namegate::ctl
