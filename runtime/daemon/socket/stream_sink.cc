// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/stream_sink.h"

#include <utility>

#include "daemon/events/event_json.h"

namespace namegate::daemon {

void StreamSink::take(const Event& event) {
    if (!server_.wants(event)) {
        return;
    }
    api::Json view = event_json(event);
    // A flow gets the verdict when it begins.
    if (api::Json staged = event.kind == EventKind::kFlowEnded ? api::Json() : staged_.verdict(event); !staged.is_null()) {
        view["staged"] = std::move(staged);
    }
    server_.publish(event, view);
}

void StreamSink::tick() {
    if (!server_.has_streams()) {
        staged_.clear();
    }
}

}  // namespace namegate::daemon
