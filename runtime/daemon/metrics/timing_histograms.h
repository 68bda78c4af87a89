// SPDX-License-Identifier: Apache-2.0
//
// The times of daemon/timing.h, and those of DNS responses, as histograms. Owns its memory only. One thread; cannot fail.
#pragma once

#include <prometheus/histogram.h>

#include <cstdint>
#include <map>
#include <memory>

#include "daemon/metrics/exposition.h"
#include "daemon/timing.h"

namespace namegate::daemon {

// How a response to a recorded DNS query reached the pod.
enum class DnsPath {
    kKernel,    // decided by the programs
    kHeld,      // held, and learned by the daemon
    kUnlearnt,  // passed on without being learned
};

class TimingHistograms {
  public:
    TimingHistograms();

    void observe(Timing what, std::uint64_t ns);
    // From the query of a pod to its response.
    void observe_dns(DnsPath path, double seconds);
    // Those of DNS responses appear once there is one.
    void write(Exposition& out) const;

  private:
    prometheus::Histogram held_;
    prometheus::Histogram policies_;
    prometheus::Histogram prepare_;
    prometheus::Histogram program_;
    std::map<DnsPath, std::unique_ptr<prometheus::Histogram>> dns_;
};

}  // namespace namegate::daemon
