// SPDX-License-Identifier: Apache-2.0
//
// Reader of the two ring buffers. A ring has one reader: the daemon, which holds the only EventReader of the
// node. Answers wake nobody, so consume() has to be called every 50 to 100 ms besides when the descriptor is
// readable. One thread. A record that does not parse is dropped and counted.
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

// Of a packet; the others are of DNS messages.
inline bool is_packet(const ng_event& event) {
    return event.kind == NG_EVENT_DENIED || event.kind == NG_EVENT_LOGGED || event.kind == NG_EVENT_CUT;
}

class EventReader {
  public:
    // `payload` lives until the callback returns.
    using Callback = std::function<void(const ng_event& event, std::span<const std::uint8_t> payload)>;

    static Result<std::unique_ptr<EventReader>> create(Datapath& datapath, Callback callback);
    ~EventReader();
    EventReader(const EventReader&) = delete;
    EventReader& operator=(const EventReader&) = delete;
    EventReader(EventReader&&) = delete;
    EventReader& operator=(EventReader&&) = delete;

    // Readable (epoll) when the kernel forced a wake-up.
    int fd() const;
    // Hands the waiting records to the callback, so many at most that a flood of them leaves time for everything else;
    // returns how many.
    Result<std::size_t> consume();
    std::uint64_t malformed() const { return malformed_; }

  private:
    explicit EventReader(Callback callback) : callback_(std::move(callback)) {}
    static int on_record(void* context, void* data, std::size_t size);

    Callback callback_;
    ring_buffer* rings_ = nullptr;
    std::size_t handed_out_ = 0;  // in this consume()
    std::uint64_t malformed_ = 0;
};

}  // namespace namegate::datapath
