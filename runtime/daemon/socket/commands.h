// SPDX-License-Identifier: Apache-2.0
//
// The handlers of the socket's commands (api/commands.h). They read the node's state and the kernel's maps; only
// `prepare`, `program` and `forget` (the plugin's) change anything. One thread: that of the event loop, or of a child process
// that only reads.
#pragma once

#include <string>

#include "api/commands.h"
#include "base/result.h"
#include "daemon/dns/learner.h"
#include "daemon/events/event_pipeline.h"
#include "daemon/node.h"
#include "daemon/socket/socket_server.h"

namespace namegate::daemon {

// The reply of a command that returns no data: an empty object, or the error.
Result<api::Json> reply_of(const Result<>& done);
// What the commands read and change.
struct Parts {
    Node& node;
    const Learner& learner;
    const EventPipeline& events;
};
Result<SocketServer::Reply> handle_call(const Parts& parts, const api::Call& call);

// `text`: "namespace/pod", a container id or its beginning, or a host interface. kNotFound: no endpoint matches;
// kInvalidInput: several match.
Result<const endpoints::Record*> find_endpoint(const RecordMap& records, const std::string& text);

}  // namespace namegate::daemon
