// SPDX-License-Identifier: Apache-2.0
//
// How long the daemon's work takes, reported where the work ends. The parts of the daemon know only this callback, not what is made
// of the times (metrics/). Values.
#pragma once

#include <cstdint>
#include <functional>

namespace namegate::daemon {

enum class Timing {
    kHeld,      // a frame, from the moment the program held it until it is on the pod's interface
    kPolicies,  // changed policy files, from the start of reading until they are in force
    kPrepare,   // a request of ADD to prepare its endpoint, until the reply
    kProgram,   // a request of ADD to program its endpoint, until the reply; includes the wait for labels
};

using TimingObserver = std::function<void(Timing what, std::uint64_t ns)>;

}  // namespace namegate::daemon
