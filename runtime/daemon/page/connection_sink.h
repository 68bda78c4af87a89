// SPDX-License-Identifier: Apache-2.0
//
// The sink of events for the page: makes connections of denials, and while a page is open also of allowed flows and DNS responses.
// Owns the previews of staged policies; the node and the connections outlive it. One thread; cannot fail.
#pragma once

#include "daemon/events/event.h"
#include "daemon/events/staged_events.h"
#include "daemon/node.h"
#include "daemon/page/connections.h"

namespace namegate::daemon {

class ConnectionSink final : public EventSink {
  public:
    ConnectionSink(Node& node, Connections& connections) : node_(node), connections_(connections), staged_(node) {}

    bool wants(EventKind kind) const override;
    void take(const Event& event) override;
    // Whether a page is open. After a change tell the pipeline.
    void set_open(bool open);

  private:
    void take_packet(const Event& event, const EventPacket& packet);
    void take_response(const Event& event, const EventResponse& response);

    Node& node_;
    Connections& connections_;
    StagedEvents staged_;
    bool open_ = false;
};

// The rule with this number of the endpoint's policy in force, for a new connection; null: not known.
const policy::RuleOrigin* find_rule(const Node& node, std::uint32_t endpoint, bool ingress, std::size_t number);
// The origin with a text of limited length.
policy::RuleOrigin shortened(policy::RuleOrigin origin);

}  // namespace namegate::daemon
