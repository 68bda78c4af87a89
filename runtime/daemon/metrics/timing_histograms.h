// SPDX-License-Identifier: Apache-2.0
//
// The times of daemon/timing.h, and those of DNS responses, as histograms. Owns its memory only. One thread; cannot fail.
#pragma once

#include <prometheus/histogram.h>

#include <cstdint>
#include <map>

#include "daemon/events/event.h"
#include "daemon/metrics/exposition.h"
#include "daemon/timing.h"

namespace namegate::daemon {

class TimingHistograms {
  public:
    TimingHistograms();

    void observe(Timing what, std::uint64_t ns);
    // From the query of a pod to its response.
    void observe_dns(ResponsePath path, std::uint64_t ns);
    void write(Exposition& out) const;

  private:
    prometheus::Histogram held_;
    prometheus::Histogram policies_;
    prometheus::Histogram prepare_;
    prometheus::Histogram program_;
    std::map<ResponsePath, prometheus::Histogram> dns_;
};

}  // namespace namegate::daemon
