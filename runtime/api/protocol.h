// SPDX-License-Identifier: Apache-2.0
//
// The protocol of the daemon's socket: one JSON object per line, a request
//   {"command":"endpoints","arguments":{...}}
// and its reply, {"ok":true,"result":...} or {"ok":false,"error":{"code":"not-found","message":"..."}}.
// Pure functions; kInvalidInput: it does not parse.
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

// Daemons before layout 5 send this error when they have reached their limit of clients, and close the connection without reading
// the request; the client tries again. Later daemons let the client wait. The text must not change.
inline constexpr std::string_view kBusyMessage = "the daemon serves as many clients as it takes";

struct Request {
    std::string command;
    Json arguments = Json::object();
};

// Each without the final newline. Invalid UTF-8 is replaced.
std::string encode_request(const Request& request);
std::string encode_reply(const Result<Json>& reply);
Result<Request> parse_request(std::string_view line);
Result<Json> parse_reply(std::string_view line);

// Refuses text that is nested deeper than kMaxJsonDepth or is not JSON.
Result<Json> parse_json(std::string_view text);
std::string dump(const Json& json, int indent = -1);

// Reads a text argument. Returns `fallback` if it is absent, kInvalidInput if it is not text.
Result<std::string> text_argument(const Json& arguments, const char* name, const std::string& fallback = {});

}  // namespace namegate::api
