// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/event_pipeline.h"

#include <algorithm>
#include <utility>

#include "daemon/events/enrich.h"
#include "daemon/events/wall_clock.h"

namespace namegate::daemon {

EventPipeline::EventPipeline(Node& node) : node_(node), sinks_{&denials_, &history_} {
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
    const FlowInterest now{is_wanted(EventKind::kFlow), is_wanted(EventKind::kFlowEnded)};
    if (now == interest_) {
        return;
    }
    interest_ = now;
    if (interest_observer_) {
        interest_observer_(interest_);
    }
}

void EventPipeline::set_interest_observer(std::function<void(FlowInterest)> observer) {
    interest_observer_ = std::move(observer);
    if (interest_observer_) {
        interest_observer_(interest_);
    }
}

bool EventPipeline::is_wanted(EventKind kind) const {
    return std::any_of(sinks_.begin(), sinks_.end(), [kind](const EventSink* sink) { return sink->wants(kind); });
}

void EventPipeline::report(const ng_event& event, std::span<const std::uint8_t> payload) {
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
}

void EventPipeline::publish(const Event& event) {
    for (EventSink* sink : sinks_) {
        if (sink->wants(event.kind)) {
            sink->take(event);
        }
    }
}

}  // namespace namegate::daemon
