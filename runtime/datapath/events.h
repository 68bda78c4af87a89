// SPDX-License-Identifier: Apache-2.0
//
// Reads ring buffers of events. A ring has one reader: the daemon, with one EventReader for `events` and `dns_events` and one for
// `flow_events`. Records of responses and flows cause no wake-up, so consume() must also be called every 50 to 100 ms, not only
// when the descriptor is readable. One thread. Malformed records are dropped and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "base/result.h"
#include "datapath/loader.h"

struct ring_buffer;

namespace namegate::datapath {

inline constexpr std::size_t kEventsAtOnce = 8192;
inline constexpr std::size_t kFlowEventsAtOnce = 256;

// Whether the event is about a packet; the others are about DNS messages and flows.
inline bool is_packet(const ng_event& event) {
    return event.kind == NG_EVENT_DENIED || event.kind == NG_EVENT_LOGGED || event.kind == NG_EVENT_CUT || event.kind == NG_EVENT_DROPPED;
}

class EventReader {
  public:
    // `payload` is valid until the callback returns.
    using Callback = std::function<void(const ng_event& event, std::span<const std::uint8_t> payload)>;

    static Result<std::unique_ptr<EventReader>> create(Datapath& datapath, Callback callback);
    static Result<std::unique_ptr<EventReader>> create_for_flows(Datapath& datapath, Callback callback);
    ~EventReader();
    EventReader(const EventReader&) = delete;
    EventReader& operator=(const EventReader&) = delete;
    EventReader(EventReader&&) = delete;
    EventReader& operator=(EventReader&&) = delete;

    // Readable (epoll) after a forced wake-up.
    int fd() const;
    // Passes waiting records to the callback and returns their number. At most kEventsAtOnce, or kFlowEventsAtOnce for flows, so
    // that a flood leaves time for other work.
    Result<std::size_t> consume();
    std::uint64_t malformed() const { return malformed_; }

  private:
    EventReader(Callback callback, std::size_t at_once) : callback_(std::move(callback)), at_once_(at_once) {}
    Result<> add(Datapath& datapath, MapId ring);
    int receive(const void* data, std::size_t size);

    Callback callback_;
    std::size_t at_once_;
    ring_buffer* rings_ = nullptr;
    std::size_t handed_out_ = 0;  // in this consume()
    std::uint64_t malformed_ = 0;
};

}  // namespace namegate::datapath
