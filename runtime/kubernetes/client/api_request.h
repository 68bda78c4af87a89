// SPDX-License-Identifier: Apache-2.0
//
// One request to the API server at a time whose whole reply is wanted. Gives up a request without an answer. Owns the request in
// progress. One thread; nothing blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "kubernetes/client/transport.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxAnswerBytes = 1024 * 1024;
inline constexpr int kStatusOk = 200;
inline constexpr int kStatusCreated = 201;
inline constexpr int kStatusForbidden = 403;
inline constexpr int kStatusNotFound = 404;
inline constexpr int kStatusConflict = 409;

struct ApiAnswer {
    int status = 0;
    std::string body;

    bool is_good() const { return status == kStatusOk || status == kStatusCreated; }
    // "HTTP status 403: ..."
    Error error() const;
};

class ApiRequest final : private HttpReceiver {
  public:
    // Both must outlive it. `silence`: how long an answer may take.
    ApiRequest(Transport& transport, const Clock& clock, std::chrono::milliseconds silence)
        : transport_(transport), clock_(clock), silence_(silence) {}
    ~ApiRequest() override { stop(); }
    ApiRequest(const ApiRequest&) = delete;
    ApiRequest& operator=(const ApiRequest&) = delete;
    ApiRequest(ApiRequest&&) = delete;
    ApiRequest& operator=(ApiRequest&&) = delete;

    // Replaces the request in progress.
    void start(const HttpRequest& request);
    bool is_busy() const { return transfer_.has_value() || answer_.has_value(); }
    // The answer to the last request, once; nothing: it is not there yet. An error: there is none.
    std::optional<Result<ApiAnswer>> take_answer();

  private:
    void on_status(int status, std::chrono::seconds /*retry_after*/) override { status_ = status; }
    bool on_data(std::string_view bytes) override;
    void on_end(const Result<>& outcome) override;
    void stop();

    Transport& transport_;
    const Clock& clock_;
    const std::chrono::milliseconds silence_;
    std::optional<Transport::Transfer> transfer_;
    std::uint64_t started_ns_ = 0;
    int status_ = 0;
    std::string body_;
    std::optional<Result<ApiAnswer>> answer_;
};

}  // namespace namegate::kubernetes
