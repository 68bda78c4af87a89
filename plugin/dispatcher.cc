// SPDX-License-Identifier: Apache-2.0
#include "plugin/dispatcher.h"

#include <utility>

#include "cni/config.h"
#include "cni/version.h"

namespace namegate::plugin {

namespace {

using cni::CniError;
using cni::Command;
using cni::ErrorCode;
using cni::Outcome;

struct Input {
    std::string text;
    Result<cni::Json> object = Error(Code::kInvalidInput, "nothing was read");
    Result<> read = ok();
};

Input read_input(const Invocation& invocation) {
    Input input;
    auto text = invocation.read_stdin();
    if (!text) {
        input.read = text.error();
        return input;
    }
    input.text = std::move(text).value();
    input.object = cni::parse_object(input.text);
    return input;
}

// The caller's cniVersion, for errors and the reply to VERSION; empty when it cannot be read.
std::string asked_version(const Input& input) {
    if (!input.object) {
        return {};
    }
    return cni::get_string(*input.object, "cniVersion").value_or({});
}

Outcome<std::string> call(const Request& request, Handler& handler) {
    switch (request.environment.command) {
        case Command::kAdd: {
            NG_ASSIGN(const cni::Json result, handler.add(request));
            return result.dump(4, ' ', false, cni::Json::error_handler_t::replace) + "\n";
        }
        case Command::kDel: NG_TRY(handler.del(request)); break;
        case Command::kCheck: NG_TRY(handler.check(request)); break;
        case Command::kGc: NG_TRY(handler.gc(request)); break;
        case Command::kStatus: NG_TRY(handler.status(request)); break;
        case Command::kVersion: break;
    }
    return std::string();
}

Outcome<std::string> serve(const Invocation& invocation, Input& input, Handler& handler) {
    Request request;
    NG_ASSIGN(request.environment, cni::parse_environment(invocation.get_environment));
    if (request.environment.command == Command::kVersion) {
        return cni::version_reply(asked_version(input));
    }
    NG_TRY(cni::with_code(input.read, ErrorCode::kIo));
    NG_ASSIGN(const cni::Json object, cni::with_code(input.object, ErrorCode::kDecode));
    NG_ASSIGN(const std::string version, cni::with_code(cni::config_version(object), ErrorCode::kInvalidConfig));
    NG_TRY(cni::check_version(version, request.environment.command));
    const bool removes = request.environment.command == Command::kDel;
    auto config = removes ? cni::parse_removal_config(object, std::move(input.text)) : cni::parse_config(object, std::move(input.text));
    NG_ASSIGN(request.config, cni::with_code(std::move(config), ErrorCode::kInvalidConfig));
    return call(request, handler);
}

}  // namespace

Reply dispatch(const Invocation& invocation, Handler& handler) {
    if (invocation.get_environment("CNI_COMMAND").value_or("").empty()) {
        // Started without a runtime, by a person: says what the program is.
        return {0, "",
                "namegate " NAMEGATE_VERSION ", a CNI plugin; versions " + std::string(cni::kSupportedVersions.front()) + " to " +
                    std::string(cni::kNewestVersion) + "; container runtimes call it with CNI_COMMAND set\n"};
    }
    Input input = read_input(invocation);
    const std::string version = asked_version(input);
    const Outcome<std::string> outcome = serve(invocation, input, handler);
    if (!outcome) {
        return {1, cni::to_json(outcome.error(), version), ""};
    }
    return {0, *outcome, ""};
}

}  // namespace namegate::plugin
