// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/stream_sink.h"

#include <utility>

#include "api/replies/codec.h"
#include "daemon/events/event_json.h"

namespace namegate::daemon {

void StreamSink::take(const Event& event) {
    if (!server_.wants(event)) {
        return;
    }
    api::EventItem item = event_item(event);
    // A flow gets the verdict when it begins.
    if (event.kind != EventKind::kFlowEnded) {
        item.staged = staged_.verdict(event);
    }
    server_.publish(event, api::to_json(std::move(item)));
}

void StreamSink::tick() {
    if (!server_.has_streams()) {
        staged_.clear();
    }
}

}  // namespace namegate::daemon
