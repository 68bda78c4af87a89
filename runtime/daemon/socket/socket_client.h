// SPDX-License-Identifier: Apache-2.0
//
// One connection of the daemon's socket. It buffers what the client sends and splits it into requests, one on each line; it sends
// replies and events without blocking, and limits both directions. The server interprets the requests. Owns the descriptor, its
// event source and the buffers. One thread: that of the event loop.
//
// A connection is in one of these states:
//   reading    waits for a request (EPOLLIN), or for room to send the last reply (EPOLLOUT)
//   waiting    the reply to a request comes later; nothing is read until then
//   streaming  the client gets a line for each event; what it sends is ignored
// A closing connection ends after the replies to all complete requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/protocol.h"
#include "base/fd.h"
#include "base/result.h"
#include "daemon/events/event_filter.h"
#include "daemon/loop/event_loop.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kClientIdleUs = 30'000'000;
inline constexpr std::size_t kMaxStreamBacklog = 256UL * 1024;  // bytes of unsent events of one client

struct EventStream {
    EventFilter filter;
    std::vector<std::string> lines;  // sent first, without line ends
};

class SocketClient {
  public:
    // Identifies a request whose reply is outstanding. Never reused; 0 is not a ticket.
    using Ticket = std::uint64_t;
    // Called from the event loop with the EPOLL* events of the descriptor. It may destroy the client.
    using Serve = std::function<void(SocketClient& client, std::uint32_t events)>;

    static Result<std::unique_ptr<SocketClient>> create(EventLoop& loop, Fd fd, Serve serve);
    ~SocketClient() = default;
    SocketClient(const SocketClient&) = delete;
    SocketClient& operator=(const SocketClient&) = delete;
    SocketClient(SocketClient&&) = delete;
    SocketClient& operator=(SocketClient&&) = delete;

    int descriptor() const { return fd_.get(); }
    void note_activity(std::uint64_t now_us) { last_us_ = now_us; }
    // Silent for longer than kClientIdleUs, and neither waiting nor streaming.
    bool is_idle(std::uint64_t now_us) const { return waiting_ == 0 && !stream_ && now_us - last_us_ > kClientIdleUs; }

    // Reads what has arrived. False when the connection is over.
    bool receive();
    // The next request may be handled: the connection is reading, and the last reply has been sent.
    bool is_ready() const { return output_.empty() && waiting_ == 0 && !stream_; }
    // Removes the next line from the input. Empty: no complete line has arrived. kExhausted: the line is too long; the connection
    // closes.
    std::optional<Result<std::string>> next_request();

    // The current request waits for the reply with this ticket.
    void await_reply(Ticket ticket) { waiting_ = ticket; }
    // The reply comes later: until then, only the end of the connection is reported.
    void stop_reading() { source_.set_events(0); }
    bool is_waiting() const { return waiting_ != 0; }
    bool is_waiting_for(Ticket ticket) const { return waiting_ == ticket; }
    // Ends the wait for a reply. `line`: what to send; empty if another process has written the reply to descriptor().
    void set_reply(std::string line);
    // Sends as much of the output as the socket accepts; the rest follows with EPOLLOUT. False when the connection is over.
    bool send();

    // The lines follow the reply, and then those of the events that match.
    void start_stream(EventStream stream);
    bool is_streaming() const { return stream_.has_value(); }
    bool wants_kind(EventKind kind) const { return stream_ && stream_->filter.matches_kind(kind); }
    bool wants(const Event& event) const { return stream_ && stream_->filter.matches(event); }
    // Sends the line of an event, or counts it as lost when there is no room. False when the connection is over.
    bool send_event(const std::string& line);
    // Handles EPOLL* events of a streaming connection: detects its end and sends waiting output. False when the connection is over.
    bool serve_stream();

  private:
    explicit SocketClient(Fd fd) : fd_(std::move(fd)) {}
    void append_event(const std::string& line);

    Fd fd_;
    IoSource source_;
    std::string input_;
    std::string output_;
    std::size_t sent_ = 0;  // of the output
    std::uint64_t last_us_ = 0;
    bool closing_ = false;
    Ticket waiting_ = 0;
    std::optional<EventStream> stream_;
    std::uint64_t lost_ = 0;  // events that were dropped for lack of room and not yet reported to the client
};

}  // namespace namegate::daemon
