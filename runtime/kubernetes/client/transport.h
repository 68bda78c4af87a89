// SPDX-License-Identifier: Apache-2.0
//
// Requests to the API server whose replies are read while they arrive. An interface, so that the watch can be tested without a
// network. One thread; nothing blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::kubernetes {

inline constexpr const char* kJsonMediaType = "application/json";

struct HttpRequest {
    std::string target;  // path and query
    std::string accept;  // the media type that is asked for
    std::string method = "GET";
    std::string content_type = {};  // of the body
    std::string body = {};
};

// What arrives of one reply. A function may start another request, but not cancel its own.
class HttpReceiver {
  public:
    HttpReceiver() = default;
    virtual ~HttpReceiver() = default;
    HttpReceiver(const HttpReceiver&) = delete;
    HttpReceiver& operator=(const HttpReceiver&) = delete;
    HttpReceiver(HttpReceiver&&) = delete;
    HttpReceiver& operator=(HttpReceiver&&) = delete;

    // Once, before any data. `retry_after`: how long the server asks to wait before the next request.
    virtual void on_status(int status, std::chrono::seconds retry_after) = 0;
    // False: the rest is not wanted; on_end() follows.
    virtual bool on_data(std::string_view bytes) = 0;
    // Last, and exactly once, unless the request was cancelled. kTryAgain: the reply did not come, or not completely.
    virtual void on_end(const Result<>& outcome) = 0;
};

class Transport {
  public:
    using Transfer = std::uint64_t;

    Transport() = default;
    virtual ~Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    Transport(Transport&&) = delete;
    Transport& operator=(Transport&&) = delete;

    // The receiver must live until on_end() or cancel(). Any error: the request cannot be made, for example because there are no
    // credentials.
    virtual Result<Transfer> start(const HttpRequest& request, HttpReceiver& receiver) = 0;
    // Nothing is called any more for this request.
    virtual void cancel(Transfer transfer) = 0;
};

}  // namespace namegate::kubernetes
