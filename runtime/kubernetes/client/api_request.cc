// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/api_request.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "kubernetes/client/json_text.h"

namespace namegate::kubernetes {

Error ApiAnswer::error() const {
    constexpr std::size_t kShownBytes = 200;
    const auto json = parse_json_object(body);
    const std::string message = json ? text_at(*json, {"message"}) : body;
    return {Code::kTryAgain, "HTTP status " + std::to_string(status) + (message.empty() ? "" : ": " + message.substr(0, kShownBytes))};
}

void ApiRequest::start(const HttpRequest& request) {
    stop();
    status_ = 0;
    body_.clear();
    answer_.reset();
    started_ns_ = clock_.boot_ns();
    auto started = transport_.start(request, *this);
    if (!started) {
        answer_ = started.error();
        return;
    }
    transfer_ = *started;
}

void ApiRequest::stop() {
    if (transfer_) {
        transport_.cancel(*transfer_);
        transfer_.reset();
    }
}

std::optional<Result<ApiAnswer>> ApiRequest::take_answer() {
    if (transfer_ && clock_.boot_ns() - started_ns_ >= nanoseconds_of(silence_)) {
        stop();
        answer_ = Error(Code::kTryAgain, "the server does not answer");
    }
    return std::exchange(answer_, std::nullopt);
}

bool ApiRequest::on_data(std::string_view bytes) {
    body_ += bytes.substr(0, kMaxAnswerBytes + 1 - body_.size());
    return body_.size() <= kMaxAnswerBytes;
}

void ApiRequest::on_end(const Result<>& outcome) {
    transfer_.reset();
    if (body_.size() > kMaxAnswerBytes) {
        answer_ = Error(Code::kExhausted, "an answer of more than " + std::to_string(kMaxAnswerBytes) + " bytes");
    } else if (!outcome) {
        answer_ = outcome.error();
    } else {
        answer_ = ApiAnswer{status_, std::move(body_)};
    }
}

}  // namespace namegate::kubernetes
