// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl monitor`: prints events of the node as they happen, one per line. Blocks until the daemon ends or the output
// is closed.
#pragma once

#include "ctl/output.h"

namespace namegate::ctl {

int run_monitor(const Context& context);

// One event as a line for people, without the newline; event_text() is the line without its time and without how a
// flow ended.
std::string event_line(const api::Json& event);
std::string event_text(const api::Json& event);

}  // namespace namegate::ctl
