// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl explain --offline`: the verdict of policy files for an endpoint that the command line describes. Compiles the
// files as the daemon does. Blocks on the disk.
#pragma once

#include "ctl/output.h"

namespace namegate::ctl {

int run_explain_offline(const Context& context);

}  // namespace namegate::ctl
