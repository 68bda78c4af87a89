// SPDX-License-Identifier: Apache-2.0
//
// One question to the daemon over its socket. Blocks for at most the given time. kNotFound: nobody listens, and why the
// last one that tried could not; kTryAgain: no answer in time; else the daemon's own error.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "control/protocol.h"

namespace namegate::control {

// A question that was sent, and whose answer is fetched later.
class Question {
  public:
    static Result<Question> send(const std::string& socket_path, const Request& request, unsigned timeout_ms);
    // Once. The time counts from send() on.
    Result<Json> answer();

  private:
    using Deadline = std::chrono::steady_clock::time_point;
    Question(Fd fd, Deadline deadline) : fd_(std::move(fd)), deadline_(deadline) {}
    Fd fd_;
    Deadline deadline_;
};

// Where a daemon that cannot run leaves the reason, for whoever asks for it; beside its socket.
std::string failure_path(const std::string& socket_path);

// Does somebody listen? One that is slow does.
bool daemon_listens(const std::string& socket_path);

Result<Json> ask_daemon(const std::string& socket_path, const Request& request, unsigned timeout_ms);

// A question that is answered with a stream: `take` is called with each line until it returns false, which is success,
// or the daemon goes, which is kTryAgain. The time is that until the first answer; after that it waits as long as it takes.
Result<> follow_daemon(const std::string& socket_path, const Request& request, unsigned timeout_ms,
                       const std::function<bool(const Json&)>& take);

}  // namespace namegate::control
