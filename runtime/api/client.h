// SPDX-License-Identifier: Apache-2.0
//
// Sends requests to the daemon over its socket. Blocks for at most the given time; while the socket's queue is full, it tries
// again with growing pauses. kNotFound with an errno: no daemon listens; the message has the reason that the last daemon left, if
// any. kTryAgain: no reply in time. An error of the daemon itself has no errno. Safe from any thread; a SentRequest belongs to one.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "api/protocol.h"
#include "base/fd.h"
#include "base/result.h"

namespace namegate::api {

// A request that was sent. Owns the connection on which the reply arrives.
class SentRequest {
  public:
    static Result<SentRequest> send(const std::string& socket_path, const Request& request, unsigned timeout_ms);
    // Waits for the reply. Call once. The timeout counts from send() on.
    Result<Json> reply();

  private:
    using Deadline = std::chrono::steady_clock::time_point;
    SentRequest(std::string socket_path, std::string line, Deadline deadline)
        : socket_path_(std::move(socket_path)), line_(std::move(line)), deadline_(deadline) {}
    Result<> connect_and_send();

    std::string socket_path_;
    std::string line_;  // the request
    Deadline deadline_;
    Fd fd_;
};

// The file beside the socket in which a daemon that cannot run leaves the reason.
std::string failure_path(const std::string& socket_path);

// Whether a daemon listens, even one that does not reply.
bool daemon_listens(const std::string& socket_path);

Result<Json> ask_daemon(const std::string& socket_path, const Request& request, unsigned timeout_ms);

// Sends a request that is answered with a stream. Calls `take` with each line, and with null after each second without one, until
// it returns false (success) or the daemon ends (kTryAgain). The timeout applies to the first reply; the events after it may take any time.
Result<> follow_daemon(const std::string& socket_path, const Request& request, unsigned timeout_ms,
                       const std::function<bool(const Json&)>& take);

}  // namespace namegate::api
