// SPDX-License-Identifier: Apache-2.0
//
// The daemon's unix socket (0600): clients that send one request a line and get one line for each, in order; or that
// ask for a stream, and get a line for every event from then on. Who reads a stream too slowly misses events, and is told
// how many; it holds up nobody.
// Nobody is refused: who finds all places taken waits until there is one, and is served in his turn.
// Bounded in clients, request size, reply size and time without a word; who breaks a bound is told, where
// possible, and dropped. Owns the socket file. One thread: that of the event loop. A client can harm none but itself.
#pragma once

#include <systemd/sd-event.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/protocol.h"
#include "base/fd.h"
#include "base/result.h"

namespace namegate::daemon {

// Served at a time: the ADD of every endpoint that a node can have, waiting for its labels, and as many others as ever ask.
// Whoever comes then waits in the socket's queue, in order, until one of them goes.
inline constexpr std::size_t kMaxClients = 1024 + 64;
inline constexpr int kMaxQueuedClients = 4096;  // the kernel takes net.core.somaxconn when that is less
inline constexpr std::uint64_t kClientIdleUs = 30'000'000;
inline constexpr std::size_t kMaxStreams = 16;                  // clients among those that have a stream
inline constexpr std::size_t kMaxStreamBacklog = 256UL * 1024;  // bytes that wait for one of them

class SocketServer {
  public:
    // Names one request while it waits for its answer; never used twice.
    using Ticket = std::uint64_t;
    // Which events a stream has.
    using Filter = std::function<bool(const api::Json& event)>;
    struct Answer {
        api::Json result;
        Filter stream;  // not empty: events follow for as long as the client stays
    };
    // Nothing: the answer comes later, by reply().
    using Handler = std::function<std::optional<Result<Answer>>(const api::Request&, Ticket)>;

    // Replaces a socket that nobody listens on; kExists when another daemon does.
    static Result<std::unique_ptr<SocketServer>> create(sd_event* loop, const std::string& path, Handler handler);
    ~SocketServer();
    SocketServer(const SocketServer&) = delete;
    SocketServer& operator=(const SocketServer&) = delete;
    SocketServer(SocketServer&&) = delete;
    SocketServer& operator=(SocketServer&&) = delete;

    // Answers a request that the handler left open. A client that has gone meanwhile is no failure.
    void reply(Ticket ticket, const Result<api::Json>& result);
    // Or somebody else writes the answer, encoded as here, to the client's descriptor, and tells when all of it is there;
    // who did not get all of it is dropped. Negative: the client has gone.
    int descriptor(Ticket ticket) const;
    void replied(Ticket ticket, bool whole);
    static std::string encode(const Result<api::Json>& result);

    // Did clients have to wait for a place since the last call? Some may have given up.
    bool take_had_to_wait() { return std::exchange(had_to_wait_, false); }
    std::size_t clients() const { return clients_.size(); }
    bool has_streams() const { return streams_ > 0; }
    bool is_wanted(const api::Json& event) const;
    // To every stream that wants it.
    void publish(const api::Json& event);
    // Drops clients that have been silent for too long; call now and then.
    void drop_idle();

  private:
    struct Client {
        SocketServer* server = nullptr;
        Fd fd;
        sd_event_source* source = nullptr;
        std::string input;
        std::string output;
        std::size_t sent = 0;
        std::uint64_t last_us = 0;
        bool closing = false;  // once the output is sent
        Ticket waiting = 0;    // for this answer; nothing else is read or answered until then
        Filter stream;
        std::uint64_t lost = 0;  // events that found no room, and were not told of yet
    };

    SocketServer(sd_event* loop, std::string path, Handler handler) : loop_(loop), path_(std::move(path)), handler_(std::move(handler)) {}
    Result<> listen();
    void accept_clients();
    void stop_accepting();
    void accept_again();
    void serve(Client& client, std::uint32_t events);
    bool read_input(Client& client);
    void answer_lines(Client& client);
    void answer(Client& client, const std::string& line);
    Client* find(Ticket ticket) const;
    void go_on(Client& client);
    bool write_output(Client& client);
    bool serve_stream(Client& client);
    static void append_event(Client& client, const std::string& line);
    void drop(Client& client);
    static int on_accept(sd_event_source* source, int fd, std::uint32_t events, void* server);
    static int on_client(sd_event_source* source, int fd, std::uint32_t events, void* client);

    sd_event* loop_;
    std::string path_;
    Handler handler_;
    Fd fd_;
    bool bound_ = false;
    Ticket next_ticket_ = 1;
    sd_event_source* source_ = nullptr;
    std::list<std::unique_ptr<Client>> clients_;
    std::size_t streams_ = 0;
    bool accepting_ = true;
    bool had_to_wait_ = false;
};

}  // namespace namegate::daemon
