// SPDX-License-Identifier: Apache-2.0
//
// Tells the programs what the event pipeline wants of them on demand, and brings the events of flows from them to the pipeline: reads
// their ring for a limited time in each round of the loop, and looks for flows that ended by being idle. Owns the reader of the ring
// and its event sources. When it is destroyed, the programs report no more flows and measure no latencies. One thread: that of the
// event loop. An error is reported as degraded health; the datapath does not depend on any of this.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "daemon/events/event_pipeline.h"
#include "daemon/loop/event_loop.h"
#include "daemon/node.h"
#include "datapath/events.h"

namespace namegate::daemon {

class FlowFeed {
  public:
    // All three outlive the feed.
    static Result<std::unique_ptr<FlowFeed>> create(EventLoop& loop, Node& node, EventPipeline& pipeline);
    ~FlowFeed();
    FlowFeed(const FlowFeed&) = delete;
    FlowFeed& operator=(const FlowFeed&) = delete;
    FlowFeed(FlowFeed&&) = delete;
    FlowFeed& operator=(FlowFeed&&) = delete;

    // Reads for a limited time; what is left is read when the loop is idle. Call it every 50 to 100 ms.
    void work();
    // Looks for idle flows of some endpoints. Call it every second.
    void tick();

  private:
    FlowFeed(Node& node, EventPipeline& pipeline) : node_(node), pipeline_(pipeline) {}
    void set_interest(EventInterest interest);
    void report(const ng_event& event, std::span<const std::uint8_t> payload);

    Node& node_;
    EventPipeline& pipeline_;
    std::unique_ptr<datapath::EventReader> reader_;
    EventInterest interest_;
    std::uint32_t next_ = 0;  // the endpoint ids from here on are searched next
    IoSource ring_;
    DeferredSource rest_;  // enabled while the last round left events
};

}  // namespace namegate::daemon
