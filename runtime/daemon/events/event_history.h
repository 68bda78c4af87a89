// SPDX-License-Identifier: Apache-2.0
//
// The last events of the node, except those on request, so that a stream can begin in the past (`monitor --since`). A sink of
// events. Owns a limited number of them; the oldest give way. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "daemon/events/event.h"

namespace namegate::daemon {

inline constexpr std::size_t kKeptEvents = 8192;

class EventHistory final : public EventSink {
  public:
    explicit EventHistory(std::size_t limit = kKeptEvents) : limit_(limit) {}

    bool wants(EventKind kind) const override { return !is_on_request(kind); }
    void take(const Event& event) override {
        if (events_.size() == limit_) {
            events_.pop_front();
            ++forgotten_;
        }
        events_.push_back(event);
    }
    // Oldest first.
    const std::deque<Event>& events() const { return events_; }
    // Older events that gave way.
    std::uint64_t forgotten() const { return forgotten_; }

  private:
    std::size_t limit_;
    std::deque<Event> events_;
    std::uint64_t forgotten_ = 0;
};

}  // namespace namegate::daemon
