// SPDX-License-Identifier: Apache-2.0
//
// Waiting for the programs that run on the CPUs at this moment: only then may be changed or taken away what nobody finds any more.
// No state; any thread. Takes a grace period of the kernel, 8 to 16 ms, or less where ShortGracePeriods are asked for.
#pragma once

#include "base/result.h"

namespace namegate::datapath {

// Success: no program runs any more that began before the call. An error says that this is not known, and then nothing may be
// changed that such a program could read.
Result<> wait_for_programs();

}  // namespace namegate::datapath
