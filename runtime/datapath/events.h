// SPDX-License-Identifier: Apache-2.0
//
// Reads the two ring buffers `events` and `dns_events`. A ring has one reader: the daemon, with the only EventReader of
// the node. Records of responses cause no wake-up, so consume() must also be called every 50 to 100 ms, not only when the
// descriptor is readable. One thread. Malformed records are dropped and counted.
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

// Whether the event is about a packet; the others are about DNS messages.
inline bool is_packet(const ng_event& event) {
    return event.kind == NG_EVENT_DENIED || event.kind == NG_EVENT_LOGGED || event.kind == NG_EVENT_CUT;
}

class EventReader {
  public:
    // `payload` is valid until the callback returns.
    using Callback = std::function<void(const ng_event& event, std::span<const std::uint8_t> payload)>;

    static Result<std::unique_ptr<EventReader>> create(Datapath& datapath, Callback callback);
    ~EventReader();
    EventReader(const EventReader&) = delete;
    EventReader& operator=(const EventReader&) = delete;
    EventReader(EventReader&&) = delete;
    EventReader& operator=(EventReader&&) = delete;

    // Readable (epoll) after a forced wake-up.
    int fd() const;
    // Passes waiting records to the callback and returns their number. At most kEventsAtOnce, so that a flood leaves
    // time for other work.
    Result<std::size_t> consume();
    std::uint64_t malformed() const { return malformed_; }

  private:
    explicit EventReader(Callback callback) : callback_(std::move(callback)) {}
    int receive(const void* data, std::size_t size);

    Callback callback_;
    ring_buffer* rings_ = nullptr;
    std::size_t handed_out_ = 0;  // in this consume()
    std::uint64_t malformed_ = 0;
};

}  // namespace namegate::datapath
