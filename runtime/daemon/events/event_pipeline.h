// SPDX-License-Identifier: Apache-2.0
//
// The way of events from their sources to the sinks: what the programs report is enriched once, if a sink wants its kind, and every
// such sink gets the same event. The programs do some things only while a sink wants them, so the pipeline tells its observer about
// that. Owns the recent denials, the history, the report of staged policies and the flow log; the node and other sinks outlive it. One
// thread: that of the event loop. Cannot fail.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/events/enrich.h"
#include "daemon/events/event.h"
#include "daemon/events/event_history.h"
#include "daemon/events/recent_denials.h"
#include "daemon/events/staged_watch.h"
#include "daemon/flow_log/flow_log.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"

namespace namegate::daemon {

// What the programs do only on demand.
struct EventInterest {
    bool begun = false;    // to report EventKind::kFlow
    bool ended = false;    // to report EventKind::kFlowEnded
    bool latency = false;  // to measure how long the queries of EventKind::kDns waited

    bool operator==(const EventInterest&) const = default;
};

class EventPipeline {
  public:
    using LatencyObserver = std::function<void(ResponsePath path, std::uint64_t ns)>;

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
    void set_interest_observer(std::function<void(EventInterest)> observer);
    EventInterest interest() const { return interest_; }
    bool wants_addresses() const { return is_wanted(EventKind::kAddressOpened) || is_wanted(EventKind::kAddressExpired); }
    // Called with the latency of each response, if it is known. Empty: it is not needed.
    void set_latency_observer(LatencyObserver observer);
    // From the programs.
    void report(const ng_event& event, std::span<const std::uint8_t> payload);
    // A response that the daemon got as a frame.
    void report(const FrameResponse& response);
    // Already enriched.
    void report(const Event& event) { publish(event); }
    // Of the daemon itself; those of the node come here without being asked for.
    void report(NodeEvent event);

    // Writes what waits for the flow log. Call it several times a second.
    void work();
    // Checks the flow log's file, and reports its state to the node's health; looks for changed staged policies. Call it every second,
    // and after a signal.
    void tick();
    // Writes the rest of the flow log, for the end of the daemon.
    void finish();

    const RecentDenials& denials() const { return denials_; }
    const EventHistory& history() const { return history_; }
    const StagedWatch& staged() const { return staged_; }

  private:
    bool is_wanted(EventKind kind) const;
    void refresh_staged();
    void note_latency(ResponsePath path, std::optional<std::uint64_t> ns) const;
    void publish(const Event& event);

    Node& node_;
    RecentDenials denials_;
    EventHistory history_;
    StagedWatch staged_;
    std::unique_ptr<FlowLog> flow_log_;  // null: none
    std::vector<EventSink*> sinks_;
    EventInterest interest_;
    std::function<void(EventInterest)> interest_observer_;
    LatencyObserver latency_observer_;
};

}  // namespace namegate::daemon
