// SPDX-License-Identifier: Apache-2.0
#include "daemon/flow_log/flow_log.h"

#include <algorithm>
#include <utility>

#include "daemon/events/wall_clock.h"
#include "daemon/flow_log/ecs_line.h"

namespace namegate::daemon {

FlowLog::FlowLog(FlowLogSettings settings, LogDisk& disk, const Clock& clock, FlowLogCounts& counts, Describe describe)
    : settings_(std::move(settings)), clock_(clock), counts_(counts), describe_(std::move(describe)), file_(settings_.file, disk, clock) {}

// Endpoints that come, change and go also for what the log remembers of them.
bool FlowLog::wants(EventKind kind) const {
    return settings_.kinds.contains(kind) || kind == EventKind::kEndpointAdded || kind == EventKind::kEndpointRemoved;
}

void FlowLog::take(const Event& event) {
    if (event.kind == EventKind::kEndpointAdded || event.kind == EventKind::kEndpointRemoved) {
        note_endpoint(event);
    }
    if (!settings_.kinds.contains(event.kind)) {
        return;
    }
    const std::size_t before = buffer_.size();
    const std::uint64_t lost_before = lost_;
    if (lost_ > 0 && waiting().size() < kMaxLogBuffer) {
        add_lost_line();
    }
    append_line(buffer_, event, settings_.host, text_of(event));
    if (waiting().size() > kMaxLogBuffer) {
        buffer_.resize(before);
        lost_ = lost_before + 1;
        ++counts_.lost;
    }
    if (waiting().size() >= kLogFlushBytes) {
        work();
    }
}

void FlowLog::note_endpoint(const Event& event) {
    if (event.kind == EventKind::kEndpointAdded) {
        endpoints_.erase(event.endpoint->id);  // it may have other labels
        return;
    }
    if (!endpoints_.contains(event.endpoint->id)) {
        return;
    }
    removed_.push_back(event.endpoint->id);
    if (removed_.size() > kRemovedEndpoints) {
        endpoints_.erase(removed_.front());
        removed_.pop_front();
    }
}

const EndpointText* FlowLog::text_of(const Event& event) {
    if (!event.endpoint) {
        return nullptr;
    }
    const auto known = endpoints_.find(event.endpoint->id);
    if (known != endpoints_.end()) {
        return &known->second;
    }
    auto text = describe_(event.endpoint->id);
    return text ? &endpoints_.emplace(event.endpoint->id, std::move(*text)).first->second : nullptr;
}

void FlowLog::add_lost_line() {
    const std::uint64_t now = clock_.boot_ns();
    append_lost_line(buffer_, wall_time(now, now), settings_.host, std::exchange(lost_, 0));
}

void FlowLog::work() {
    const std::uint64_t begin = clock_.boot_ns();
    if (begin < paused_until_ || (waiting().empty() && lost_ == 0)) {
        return;
    }
    state_ = write_all();
    const std::uint64_t end = clock_.boot_ns();
    if (!state_) {
        paused_until_ = end + kLogRetryNs;
    }
    if (end - begin > kSlowWriteNs) {
        paused_until_ = std::max(paused_until_, end + 9 * (end - begin));
    }
}

// Stops early when the disk is slow; the rest waits.
Result<> FlowLog::write_all() {
    const std::uint64_t begin = clock_.boot_ns();
    while ((!waiting().empty() || lost_ > 0) && clock_.boot_ns() - begin <= kSlowWriteNs) {
        if (waiting().empty()) {
            add_lost_line();
        }
        const auto appended = file_.append(waiting());
        if (!appended) {
            return appended.error();
        }
        written_ += appended->bytes;
        counts_.lines += appended->written;
        counts_.lost += appended->torn;
        lost_ += appended->torn;
        // Moving the rest to the front is cheap only when it is short.
        if (written_ * 2 >= buffer_.size()) {
            buffer_.erase(0, written_);
            written_ = 0;
        }
    }
    return ok();
}

void FlowLog::finish() {
    paused_until_ = 0;
    work();
}

}  // namespace namegate::daemon
