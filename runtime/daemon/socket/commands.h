// SPDX-License-Identifier: Apache-2.0
//
// The commands of the socket: what is asked becomes one JSON value. Reads the node's state and the kernel's
// maps; only `prepare`, `program` and `forget` (the plugin's) change anything. One thread: that of the event loop.
#pragma once

#include <string>

#include "api/protocol.h"
#include "base/result.h"
#include "daemon/dns/learner.h"
#include "daemon/node.h"
#include "daemon/socket/program_arguments.h"
#include "daemon/socket/socket_server.h"

namespace namegate::daemon {

// The command that may have to wait for containerd, and what it is about.
inline constexpr const char* kProgramCommand = "program";
Result<ProgramArguments> program_arguments(const api::Request& request);
Result<api::Json> program_reply(const Result<>& programmed);

// status, endpoints, policies, ips, dns, explain, monitor (a stream), prepare, program, forget. kUnsupported for another command.
Result<SocketServer::Answer> handle_command(Node& node, const Learner& learner, const api::Request& request);

// Those whose answer may be so long that the event loop must not make it: their size is that of what pods looked up.
bool is_listing(const api::Request& request);

// ENDPOINT: "namespace/pod", a container id or its beginning, a host interface. kNotFound, or kInvalidInput
// when several match.
Result<const endpoints::Record*> find_endpoint(const RecordMap& records, const std::string& text);

}  // namespace namegate::daemon
