// SPDX-License-Identifier: Apache-2.0
//
// Serves the metrics over HTTP at metricsAddress, path /metrics. While the address is not available, `status` says so and every tick
// tries again: nothing else depends on it. Owns metrics and server; the other parts outlive it. One thread: that of the event loop.
#pragma once

#include <memory>

#include "config/listen_address.h"
#include "daemon/http/http_server.h"
#include "daemon/loop/event_loop.h"
#include "daemon/metrics/metrics.h"

namespace namegate::daemon {

class MetricsService {
  public:
    MetricsService(EventLoop& loop, Node& node, const Learner& learner, config::ListenAddress address);

    // Call it every second.
    void tick();
    Metrics& metrics() { return metrics_; }

  private:
    void listen();

    EventLoop& loop_;
    Node& node_;
    config::ListenAddress address_;
    Metrics metrics_;
    std::unique_ptr<HttpServer> server_;  // null: the address is not available
};

}  // namespace namegate::daemon
