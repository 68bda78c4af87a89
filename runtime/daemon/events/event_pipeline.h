// SPDX-License-Identifier: Apache-2.0
//
// The way of events from their sources to the sinks: what the programs report is enriched once, if a sink wants its kind, and every
// such sink gets the same event. The programs report flows only while a sink wants them, so the pipeline tells its observer about
// that. Owns the recent denials and the history; the node and other sinks outlive it. One thread: that of the event loop. Cannot
// fail.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "daemon/events/event.h"
#include "daemon/events/event_history.h"
#include "daemon/events/recent_denials.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"

namespace namegate::daemon {

// Which events of flows any sink wants.
struct FlowInterest {
    bool begun = false;  // EventKind::kFlow
    bool ended = false;  // EventKind::kFlowEnded

    bool operator==(const FlowInterest&) const = default;
};

class EventPipeline {
  public:
    explicit EventPipeline(Node& node);
    ~EventPipeline();
    EventPipeline(const EventPipeline&) = delete;
    EventPipeline& operator=(const EventPipeline&) = delete;
    EventPipeline(EventPipeline&&) = delete;
    EventPipeline& operator=(EventPipeline&&) = delete;

    void add_sink(EventSink& sink);
    void remove_sink(EventSink& sink);
    // A sink wants other kinds than before.
    void wishes_changed();
    // Called now with the present interest, and with each other one. Empty: nothing needs to know.
    void set_interest_observer(std::function<void(FlowInterest)> observer);
    FlowInterest flow_interest() const { return interest_; }
    // From the programs.
    void report(const ng_event& event, std::span<const std::uint8_t> payload);
    // Of the daemon itself; those of the node come here without being asked for.
    void report(NodeEvent event);

    const RecentDenials& denials() const { return denials_; }
    const EventHistory& history() const { return history_; }

  private:
    bool is_wanted(EventKind kind) const;
    void publish(const Event& event);

    Node& node_;
    RecentDenials denials_;
    EventHistory history_;
    std::vector<EventSink*> sinks_;
    FlowInterest interest_;
    std::function<void(FlowInterest)> interest_observer_;
};

}  // namespace namegate::daemon
