// SPDX-License-Identifier: Apache-2.0
//
// Serves the page and its data over HTTP at uiAddress; nothing can be changed through it. Flows and DNS responses are recorded only
// while somebody looks: for kOpenNs after a request for data. While the address is not available, `status` says so and every tick tries
// again: nothing else depends on it. Owns the connections and the server; the other parts outlive it. One thread: that of the event loop.
#pragma once

#include <cstdint>
#include <memory>

#include "config/listen_address.h"
#include "daemon/events/event_pipeline.h"
#include "daemon/http/http_server.h"
#include "daemon/loop/event_loop.h"
#include "daemon/node.h"
#include "daemon/page/connection_sink.h"
#include "daemon/page/connections.h"
#include "daemon/page/graph_reply.h"
#include "daemon/page/known_connections.h"
#include "daemon/page/page_warnings.h"

namespace namegate::daemon {

inline constexpr std::uint64_t kOpenNs = 10'000'000'000;
inline constexpr std::uint64_t kKnownReadNs = 4'000'000;  // reading of known connections for one request

class PageService {
  public:
    PageService(EventLoop& loop, Node& node, EventPipeline& events, config::ListenAddress address);
    ~PageService();
    PageService(const PageService&) = delete;
    PageService& operator=(const PageService&) = delete;
    PageService(PageService&&) = delete;
    PageService& operator=(PageService&&) = delete;

    // Call it every second.
    void tick();
    const Connections& connections() const { return connections_; }

  private:
    void listen();
    HttpResponse show_graph(const HttpRequest& request);
    void set_open(bool open);

    EventLoop& loop_;
    Node& node_;
    EventPipeline& events_;
    config::ListenAddress address_;
    Connections connections_;
    ConnectionSink sink_;
    KnownConnections known_;
    std::unique_ptr<PageWarnings> warnings_;  // null: they cannot be made
    GraphReply reply_;
    std::unique_ptr<HttpServer> server_;  // null: the address is not available
    bool open_ = false;
    std::uint64_t asked_boot_ns_ = 0;
};

// The page with the headers that keep it alone: it runs its own script and style, asks only this server, and no other page embeds it.
HttpResponse page_response();

}  // namespace namegate::daemon
