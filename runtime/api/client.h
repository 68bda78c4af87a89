// SPDX-License-Identifier: Apache-2.0
//
// One question to the daemon over its socket. Blocks for at most the given time. Who finds no place in the queue tries
// again, after a while that grows, until that time is over. kNotFound: nobody listens, and why the
// last one that tried could not; kTryAgain: no answer in time; else the daemon's own error.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "api/protocol.h"
#include "base/fd.h"
#include "base/result.h"

namespace namegate::api {

// A question that was sent, and whose answer is fetched later.
class Question {
  public:
    static Result<Question> send(const std::string& socket_path, const Request& request, unsigned timeout_ms);
    // Once. The time counts from send() on.
    Result<Json> answer();

  private:
    using Deadline = std::chrono::steady_clock::time_point;
    Question(std::string socket_path, std::string line, Deadline deadline)
        : socket_path_(std::move(socket_path)), line_(std::move(line)), deadline_(deadline) {}
    Result<> ask();

    std::string socket_path_;
    std::string line_;  // the request
    Deadline deadline_;
    Fd fd_;
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

}  // namespace namegate::api
