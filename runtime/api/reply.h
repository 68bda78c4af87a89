// SPDX-License-Identifier: Apache-2.0
//
// The reply to each request of commands.h, between its value and its JSON form. Pure; safe from any thread.
#pragma once

#include <string>
#include <utility>

#include "api/commands.h"
#include "api/replies/codec.h"

namespace namegate::api {

template <typename Request>
Json write_reply(typename Request::Reply reply) {
    return to_json(std::move(reply));
}

// kInvalidInput names the field: the daemon has another version.
template <typename Request>
Result<typename Request::Reply> read_reply(const Json& json) {
    auto reply = from_json<typename Request::Reply>(json);
    if (!reply) {
        return Error(Code::kInvalidInput, "the daemon's reply to \"" + std::string(command_name<Request>()) +
                                              "\": " + reply.error().message() + "; the daemon may have another version than this program");
    }
    return reply;
}

}  // namespace namegate::api
