// SPDX-License-Identifier: Apache-2.0
//
// The way of events from their sources to the sinks: what the programs report is enriched once, if a sink wants its kind, and every
// such sink gets the same event. Owns the recent denials and the history; the node and other sinks
// outlive it. One thread: that of the event loop.
// Cannot fail.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daemon/events/event.h"
#include "daemon/events/event_history.h"
#include "daemon/events/recent_denials.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"

namespace namegate::daemon {

class EventPipeline {
  public:
    explicit EventPipeline(Node& node);
    ~EventPipeline();
    EventPipeline(const EventPipeline&) = delete;
    EventPipeline& operator=(const EventPipeline&) = delete;
    EventPipeline(EventPipeline&&) = delete;
    EventPipeline& operator=(EventPipeline&&) = delete;

    void add_sink(EventSink& sink) { sinks_.push_back(&sink); }
    void remove_sink(EventSink& sink) { std::erase(sinks_, &sink); }
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
};

}  // namespace namegate::daemon
