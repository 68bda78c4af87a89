// SPDX-License-Identifier: Apache-2.0
//
// What is said over the daemon's socket: one JSON object a line, a request
//   {"command":"endpoints","arguments":{...}}
// and its reply, {"ok":true,"result":...} or {"ok":false,"error":{"code":"not-found","message":"..."}}.
// Pure functions; what does not parse is kInvalidInput.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::api {

using Json = nlohmann::ordered_json;

inline constexpr std::size_t kMaxRequestBytes = std::size_t{1} * 1024 * 1024;
inline constexpr std::size_t kMaxReplyBytes = std::size_t{64} * 1024 * 1024;
inline constexpr int kMaxJsonDepth = 32;

// What a daemon says before it hangs up that serves as many clients as it takes, and has read no request: ask again.
// Daemons before layout 5; later ones let the client wait.
inline constexpr std::string_view kBusyMessage = "the daemon serves as many clients as it takes";

struct Request {
    std::string command;
    Json arguments = Json::object();
};

// Each without the newline that ends it. Bytes that are no UTF-8 are replaced.
std::string encode_request(const Request& request);
std::string encode_reply(const Result<Json>& reply);
Result<Request> parse_request(std::string_view line);
Result<Json> parse_reply(std::string_view line);

// Refuses text nested deeper than kMaxJsonDepth, and what is no JSON.
Result<Json> parse_json(std::string_view text);
std::string dump(const Json& json, int indent = -1);

// A text argument; `fallback` when it is absent, kInvalidInput when it is something else.
Result<std::string> text_argument(const Json& arguments, const char* name, const std::string& fallback = {});

}  // namespace namegate::api
