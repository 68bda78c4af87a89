// SPDX-License-Identifier: Apache-2.0
//
// The daemon's unix socket (mode 0600). A client sends requests, one on each line, and gets one line of reply for each, in order;
// or it requests a stream and then gets a line for each event. A client that reads a stream too slowly loses events and is sent
// their number; it does not delay others. No client is refused: above kMaxClients, clients wait in the socket's queue. The number
// of clients, the size of requests and replies and the idle time are limited. A client that exceeds a limit gets an error, where
// possible, and is dropped. A client can harm only itself. Owns the socket file. One thread: that of the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/listening_socket.h"
#include "daemon/socket/socket_client.h"

namespace namegate::daemon {

// The number of clients served at a time: one ADD for each endpoint that a node can have, each waiting for its labels, and some
// others. Further clients wait in the socket's queue, in order.
inline constexpr std::size_t kMaxClients = 1024 + 64;
inline constexpr int kMaxQueuedClients = 4096;  // the kernel uses net.core.somaxconn if that is less
inline constexpr std::size_t kMaxStreams = 16;  // clients with a stream, included in kMaxClients

class SocketServer {
  public:
    using Ticket = SocketClient::Ticket;
    struct Reply {
        api::Json result;
        std::optional<EventStream> stream;  // events follow until the client disconnects
    };
    // Empty: the reply comes later, by reply() or replied().
    using Handler = std::function<std::optional<Result<Reply>>(const api::Request&, Ticket)>;

    // Replaces a socket file without a listener. kExists: another daemon listens. The loop outlives the server.
    static Result<std::unique_ptr<SocketServer>> create(EventLoop& loop, const std::string& path, Handler handler);
    ~SocketServer();
    SocketServer(const SocketServer&) = delete;
    SocketServer& operator=(const SocketServer&) = delete;
    SocketServer(SocketServer&&) = delete;
    SocketServer& operator=(SocketServer&&) = delete;

    // Sends the reply to a request for which the handler returned none. Does nothing if the client has gone.
    void reply(Ticket ticket, const Result<api::Json>& result);
    // The alternative: a child process writes the reply, in the form of encode(), to descriptor(ticket); the caller then calls
    // replied(). The descriptor is negative if the client has gone. A client that did not get the whole reply is dropped.
    int descriptor(Ticket ticket) const;
    void replied(Ticket ticket, bool whole);
    static std::string encode(const Result<api::Json>& result);

    // Whether clients had to wait in the socket's queue since the last call. Some of them may have given up.
    bool take_had_to_wait() { return std::exchange(had_to_wait_, false); }
    std::size_t clients() const { return clients_.size(); }
    bool has_streams() const { return streams_ > 0; }
    // Called when a stream began or ended, so that other kinds of events may be wanted. Not called by the destructor.
    void set_stream_observer(std::function<void()> observer) { stream_observer_ = std::move(observer); }
    // Whether a stream wants events of this kind, or this event.
    bool wants_kind(EventKind kind) const;
    bool wants(const Event& event) const;
    // Sends the event, in the form of `view`, to every stream that wants it.
    void publish(const Event& event, const api::Json& view);
    // Drops idle clients. Call it every second.
    void drop_idle();

  private:
    SocketServer(EventLoop& loop, std::string path, Handler handler) : loop_(loop), path_(std::move(path)), handler_(std::move(handler)) {}
    Result<> listen();
    void accept_clients();
    void stop_accepting();
    void accept_again();
    void serve(SocketClient& client, std::uint32_t events);
    bool react(SocketClient& client, std::uint32_t events);
    bool handle_requests(SocketClient& client);
    void handle_request(SocketClient& client, const std::string& line);
    SocketClient* find(Ticket ticket) const;
    void resume(SocketClient& client);
    void drop(SocketClient& client);
    void streams_changed() const;

    EventLoop& loop_;
    std::string path_;
    Handler handler_;
    ListeningSocket socket_;
    IoSource connections_;
    Ticket next_ticket_ = 1;
    std::list<std::unique_ptr<SocketClient>> clients_;
    std::size_t streams_ = 0;
    std::function<void()> stream_observer_;
    bool accepting_ = true;
    bool had_to_wait_ = false;
};

}  // namespace namegate::daemon
