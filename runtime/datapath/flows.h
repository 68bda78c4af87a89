// SPDX-License-Identifier: Apache-2.0
//
// What the programs report on demand, and the search for flows that ended by being idle. No state of its own.
// For the daemon only; no node lock is needed.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// NG_WANT_* (abi.h): which events of flows the programs report, and whether they measure how long queries wait.
Result<> set_wanted(Datapath& datapath, std::uint32_t wanted);
// Makes the programs report the flows of the slot that have been idle for long enough. They go through the whole table at once, which
// takes some 20 ns for each flow.
Result<> report_idle_flows(Datapath& datapath, std::uint32_t slot);

}  // namespace namegate::datapath
