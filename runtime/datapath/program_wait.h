// SPDX-License-Identifier: Apache-2.0
//
// Waits for the programs that are running on the CPUs. Only after that may data be changed or freed that no program can
// find any more. No state; any thread. Takes an RCU grace period, 8 to 16 ms, or less with ShortGracePeriods.
#pragma once

#include "base/result.h"

namespace namegate::datapath {

// Succeeds when no program that began before the call is still running. After an error this is not known, and nothing
// that such a program could read may be changed.
Result<> wait_for_programs();

}  // namespace namegate::datapath
