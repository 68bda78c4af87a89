// SPDX-License-Identifier: Apache-2.0
#include "api/protocol.h"

#include <array>

#include "base/json_depth.h"

namespace namegate::api {

namespace {

struct CodeName {
    Code code;
    std::string_view name;
};
constexpr std::array<CodeName, 10> kCodes = {{
    {Code::kInvalidInput, "invalid-input"},
    {Code::kNotFound, "not-found"},
    {Code::kExists, "exists"},
    {Code::kTryAgain, "try-again"},
    {Code::kLabelsUnknown, "try-again"},  // read as kTryAgain: a plugin of another build may be at the other end
    {Code::kPermission, "permission"},
    {Code::kExhausted, "exhausted"},
    {Code::kUnsupported, "unsupported"},
    {Code::kIo, "io"},
    {Code::kInternal, "internal"},
}};

std::string name_of(Code code) {
    for (const CodeName& entry : kCodes) {
        if (entry.code == code) {
            return std::string(entry.name);
        }
    }
    return "internal";
}

Code code_of(std::string_view name) {
    for (const CodeName& entry : kCodes) {
        if (entry.name == name) {
            return entry.code;
        }
    }
    return Code::kInternal;
}

const Json* find(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::string dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

Result<Json> parse_json(std::string_view text) {
    if (is_nested_deeper(text, kMaxJsonDepth)) {
        return Error(Code::kInvalidInput, "nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    }
    Json parsed = Json::parse(text, nullptr, false);
    if (parsed.is_discarded()) {
        return Error(Code::kInvalidInput, "not valid JSON");
    }
    return parsed;
}

std::string encode_request(const Request& request) { return dump(Json{{"command", request.command}, {"arguments", request.arguments}}); }

std::string encode_reply(const Result<Json>& reply) {
    if (reply) {
        return dump(Json{{"ok", true}, {"result", *reply}});
    }
    return dump(Json{{"ok", false}, {"error", {{"code", name_of(reply.error().code())}, {"message", reply.error().message()}}}});
}

Result<Request> parse_request(std::string_view line) {
    NG_ASSIGN(const Json parsed, parse_json(line));
    if (!parsed.is_object()) {
        return Error(Code::kInvalidInput, "a request must be a JSON object");
    }
    Request request;
    for (const auto& entry : parsed.items()) {
        if (entry.key() == "command" && entry.value().is_string()) {
            request.command = entry.value().get<std::string>();
        } else if (entry.key() == "arguments" && entry.value().is_object()) {
            request.arguments = entry.value();
        } else {
            return Error(Code::kInvalidInput, "unknown or invalid field \"" + entry.key().substr(0, 64) +
                                                  "\"; a request has \"command\" (text) and \"arguments\" (an object)");
        }
    }
    if (request.command.empty()) {
        return Error(Code::kInvalidInput, "the request has no \"command\"");
    }
    return request;
}

Result<Json> parse_reply(std::string_view line) {
    NG_ASSIGN(const Json parsed, parse_json(line).with_context("the daemon's reply"));
    const Json* good = parsed.is_object() ? find(parsed, "ok") : nullptr;
    if (good != nullptr && good->is_boolean()) {
        if (const Json* result = find(parsed, "result"); good->get<bool>() && result != nullptr) {
            return *result;
        }
        const Json* error = find(parsed, "error");
        if (!good->get<bool>() && error != nullptr && error->is_object()) {
            const Json* code = find(*error, "code");
            const Json* message = find(*error, "message");
            if (code != nullptr && code->is_string() && message != nullptr && message->is_string()) {
                return Error(code_of(code->get<std::string>()), message->get<std::string>());
            }
        }
    }
    return Error(Code::kInvalidInput, "the daemon's reply has an unknown form; the daemon may have another version than this program");
}

Result<std::string> text_argument(const Json& arguments, const char* name, const std::string& fallback) {
    const Json* found = arguments.is_object() ? find(arguments, name) : nullptr;
    if (found == nullptr) {
        return fallback;
    }
    if (!found->is_string()) {
        return Error(Code::kInvalidInput, std::string("the argument \"") + name + "\" is not text");
    }
    return found->get<std::string>();
}

}  // namespace namegate::api
