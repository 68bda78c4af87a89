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

// What the commands read and change.
struct Parts {
    Node& node;
    const Learner& learner;
    const EventPipeline& events;
};
// Here each reply becomes JSON, once.
Result<SocketServer::Reply> handle_call(const Parts& parts, const api::Call& call);
// The reply to `program` when the labels had to be awaited.
Result<api::Json> program_reply(const Result<>& programmed);

// `text`: "namespace/pod", a container id or its beginning, or a host interface. kNotFound: no endpoint matches, and why;
// kInvalidInput: several match.
Result<const endpoints::Record*> find_endpoint(const Node& node, const std::string& text);

}  // namespace namegate::daemon
