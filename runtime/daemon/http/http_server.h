// SPDX-License-Identifier: Apache-2.0
//
// A small HTTP server on the daemon's event loop, for responses that are made at once. The protocol is libmicrohttpd's, without its
// threads: the loop watches its epoll descriptor and its next timeout. The server accepts connections itself, so that it can leave
// them in the socket's queue when a limit is reached or no descriptor is free. It only answers GET and HEAD without a body, and refuses
// requests of foreign web pages (request_origin.h). A response that the socket does not accept at once is sent in pieces.
//
// Each limit below drops or refuses the connection that reaches it, or makes it wait; others are served. Owns the socket, its file
// and the connections. One thread: that of the event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "config/listen_address.h"
#include "daemon/http/message.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/listening_socket.h"

struct MHD_Connection;
struct MHD_Daemon;

namespace namegate::daemon {

inline constexpr std::size_t kMaxHttpConnections = 64;         // more wait in the socket's queue
inline constexpr std::size_t kMaxHttpConnectionsPerIp = 32;    // more are closed
inline constexpr int kMaxQueuedHttpConnections = 128;          // more are not accepted by the kernel
inline constexpr std::size_t kMaxHttpHeaderBytes = 16 * 1024;  // of one request with its headers
inline constexpr std::size_t kMaxHttpResponseBytes = 32UL * 1024 * 1024;

struct HttpTimeouts {
    unsigned idle_seconds = 15;              // a connection on which nothing moves
    std::uint64_t exchange_us = 60'000'000;  // from the last response, or the start, to the end of the next response
};

class HttpServer {
  public:
    // Makes the response at once; must neither block nor throw, nor destroy the server.
    using Handler = std::function<HttpResponse(const HttpRequest&)>;

    // A port 0 in `address` means a free one. The loop outlives the server. An error: the address is not available.
    static Result<std::unique_ptr<HttpServer>> create(EventLoop& loop, const config::ListenAddress& address, HttpTimeouts timeouts = {});
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    HttpServer(HttpServer&&) = delete;
    HttpServer& operator=(HttpServer&&) = delete;

    // Answers requests for this path, such as "/metrics". Replaces an earlier handler of the path.
    void add(std::string path, Handler handler) { routes_[std::move(path)] = std::move(handler); }

    const config::ListenAddress& address() const { return address_; }
    std::size_t connections() const { return connections_.size(); }
    // False after an error of the library: make another server.
    bool works() const { return works_; }

    // What libmicrohttpd's callbacks need; for http_server.cc.
    struct Callbacks;

  private:
    // A connection, and since when it owes a whole request or response.
    struct Connection {
        int fd = -1;
        std::uint64_t since_us = 0;
    };

    HttpServer(EventLoop& loop, config::ListenAddress address, HttpTimeouts timeouts);
    Result<> start();
    Result<> start_library();
    void accept_connections();
    void stop_accepting();
    void accept_again();
    void drive();
    void cut_slow();
    void plan_next();
    HttpResponse answer(const HttpRequest& request) const;

    EventLoop& loop_;
    config::ListenAddress address_;
    HttpTimeouts timeouts_;
    std::map<std::string, Handler> routes_;
    ListeningSocket socket_;
    MHD_Daemon* library_ = nullptr;
    std::map<MHD_Connection*, Connection> connections_;
    IoSource incoming_;
    IoSource ready_;
    TimerSource next_;  // the library's next timeout, the next slow connection, or another attempt to accept
    bool accepting_ = true;
    bool works_ = true;
};

}  // namespace namegate::daemon
