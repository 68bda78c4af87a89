// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/event_pipeline.h"

#include <algorithm>
#include <utility>

#include "daemon/events/wall_clock.h"
#include "daemon/flow_log/open_flow_log.h"

namespace namegate::daemon {

EventPipeline::EventPipeline(Node& node)
    : node_(node), staged_(node), flow_log_(open_flow_log(node)), sinks_{&denials_, &history_, &staged_, &node.warnings().encrypted_dns()} {
    if (flow_log_) {
        add_sink(*flow_log_);
    }
    node_.set_observer([this](NodeEvent event) { report(std::move(event)); });
}

EventPipeline::~EventPipeline() { node_.set_observer({}); }

void EventPipeline::add_sink(EventSink& sink) {
    sinks_.push_back(&sink);
    wishes_changed();
}

void EventPipeline::remove_sink(EventSink& sink) {
    std::erase(sinks_, &sink);
    wishes_changed();
}

void EventPipeline::wishes_changed() {
    const EventInterest now{is_wanted(EventKind::kFlow), is_wanted(EventKind::kFlowEnded),
                            is_wanted(EventKind::kDns) || latency_observer_ != nullptr};
    if (now == interest_) {
        return;
    }
    interest_ = now;
    if (interest_observer_) {
        interest_observer_(interest_);
    }
}

void EventPipeline::set_interest_observer(std::function<void(EventInterest)> observer) {
    interest_observer_ = std::move(observer);
    if (interest_observer_) {
        interest_observer_(interest_);
    }
}

bool EventPipeline::is_wanted(EventKind kind) const {
    return std::any_of(sinks_.begin(), sinks_.end(), [kind](const EventSink* sink) { return sink->wants(kind); });
}

void EventPipeline::set_latency_observer(LatencyObserver observer) {
    latency_observer_ = std::move(observer);
    wishes_changed();
}

void EventPipeline::note_latency(ResponsePath path, std::optional<std::uint64_t> ns) const {
    if (latency_observer_ && ns) {
        latency_observer_(path, *ns);
    }
}

void EventPipeline::report(const FrameResponse& response) {
    note_latency(response.path, response.latency_ns);
    if (is_wanted(EventKind::kDns)) {
        publish(enrich(node_, response));
    }
}

void EventPipeline::report(const ng_event& event, std::span<const std::uint8_t> payload) {
    if (kind_of(event) == EventKind::kDns) {
        note_latency(path_of(event), latency_of(event));
    }
    if (is_wanted(kind_of(event))) {
        publish(enrich(node_, event, payload));
    }
}

void EventPipeline::report(NodeEvent event) {
    Event out;
    out.kind = event.kind;
    out.boot_ns = node_.clock().boot_ns();
    out.time = wall_time(out.boot_ns, out.boot_ns);
    out.endpoint = std::move(event.endpoint);
    out.detail = std::move(event.text);
    publish(out);
    if (event.kind == EventKind::kPolicies) {
        refresh_staged();
    }
}

void EventPipeline::refresh_staged() {
    if (staged_.refresh()) {
        wishes_changed();
    }
}

void EventPipeline::work() {
    if (flow_log_) {
        flow_log_->work();
    }
}

void EventPipeline::tick() {
    refresh_staged();
    if (flow_log_) {
        flow_log_->check_name();
        node_.health().report("flow log", flow_log_->state());
    }
}

void EventPipeline::finish() {
    if (flow_log_) {
        flow_log_->finish();
    }
}

void EventPipeline::publish(const Event& event) {
    for (EventSink* sink : sinks_) {
        if (sink->wants(event.kind)) {
            sink->take(event);
        }
    }
}

}  // namespace namegate::daemon
