// SPDX-License-Identifier: Apache-2.0
//
// The way of events from their sources to the sinks: what the programs report is enriched once, if a sink wants its kind, and every
// such sink gets the same event. The programs report flows only while a sink wants them, so the pipeline tells its observer about
// that. Owns the recent denials, the history and the flow log; the node and other sinks outlive it. One thread: that of the event loop.
// Cannot fail.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemon/events/event.h"
#include "daemon/events/event_history.h"
#include "daemon/events/recent_denials.h"
#include "daemon/flow_log/flow_log.h"
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

    // Writes what waits for the flow log. Call it several times a second.
    void work();
    // Checks the flow log's file, and reports its state to the node's health. Call it every second, and after a signal.
    void tick();
    // Writes the rest of the flow log, for the end of the daemon.
    void finish();

    const RecentDenials& denials() const { return denials_; }
    const EventHistory& history() const { return history_; }

  private:
    bool is_wanted(EventKind kind) const;
    void publish(const Event& event);

    Node& node_;
    RecentDenials denials_;
    EventHistory history_;
    std::unique_ptr<FlowLog> flow_log_;  // null: none
    std::vector<EventSink*> sinks_;
    FlowInterest interest_;
    std::function<void(FlowInterest)> interest_observer_;
};

}  // namespace namegate::daemon
