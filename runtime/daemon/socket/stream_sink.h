// SPDX-License-Identifier: Apache-2.0
//
// The sink of events for `namegatectl monitor`: gives each event that a stream wants its JSON form, with the verdict of staged
// policies, and passes it to the server. Owns the previews of staged policies; the server and the node outlive it. One thread; cannot
// fail.
#pragma once

#include "daemon/events/event.h"
#include "daemon/events/staged_events.h"
#include "daemon/node.h"
#include "daemon/socket/socket_server.h"

namespace namegate::daemon {

class StreamSink final : public EventSink {
  public:
    StreamSink(Node& node, SocketServer& server) : staged_(node), server_(server) {}

    bool wants(EventKind kind) const override { return server_.wants_kind(kind); }
    void take(const Event& event) override;
    // Drops what only streams need, when there are none. Call it every second.
    void tick();

  private:
    StagedEvents staged_;
    SocketServer& server_;
};

}  // namespace namegate::daemon
