// SPDX-License-Identifier: Apache-2.0
//
// What the flow log did since the daemon started, for the counters. A value.
#pragma once

#include <cstdint>

namespace namegate::daemon {

struct FlowLogCounts {
    std::uint64_t lines = 0;  // written
    std::uint64_t lost = 0;   // not written, because the disk was full, slow or failing
};

}  // namespace namegate::daemon
