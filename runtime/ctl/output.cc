// SPDX-License-Identifier: Apache-2.0
#include "ctl/output.h"

#include <cstddef>

#include "config/config.h"
#include "ctl/printable.h"

namespace namegate::ctl {

int fail(const Environment& environment, ExitCode code, std::string_view message) {
    for (;;) {
        const std::size_t end = message.find('\n');
        environment.err << "namegatectl: " << printable(message.substr(0, end)) << '\n';
        if (end == std::string_view::npos) {
            return code;
        }
        message.remove_prefix(end + 1);
    }
}

namespace {

// No connection or no reply. Errors in a reply of the daemon have no errno.
bool is_unreachable(const Error& error) { return error.sys_errno() != 0 || error.code() == Code::kTryAgain; }

}  // namespace

int report_failure(const Context& context, const Error& error) {
    if (is_unreachable(error)) {
        const char* advice = error.code() == Code::kPermission ? "; only root may use the daemon's socket" : "; is namegated running?";
        return fail(context.environment, kUnreachable, error.message() + advice);
    }
    return fail(context.environment, error.code() == Code::kInvalidInput ? kUsage : kNo, error.message());
}

Result<std::string> socket_path(const Arguments& arguments) {
    if (!arguments.socket.empty()) {
        return arguments.socket;
    }
    NG_ASSIGN(const config::Config config, config::load_config(arguments.config_path));
    return config.socket_path();
}

std::string ascii(const api::Json& json, int indent) {
    std::string text = json.dump(indent, ' ', true, api::Json::error_handler_t::replace);
    // DEL is the only control character that JSON does not escape.
    for (std::size_t at = text.find('\x7f'); at != std::string::npos; at = text.find('\x7f', at)) {
        text.replace(at, 1, "\\u007f");
    }
    return text;
}

api::Json versioned(const api::Json& json) {
    api::Json out = {{"formatVersion", kFormatVersion}};
    if (json.is_object()) {
        out.update(json);
    } else {
        out["items"] = json.is_array() ? json : api::Json::array();
    }
    return out;
}

void print_json(const Context& context, const api::Json& json) {
    context.out() << ascii(versioned(json), context.arguments.watch_seconds == 0 ? 2 : -1) << '\n';
}

}  // namespace namegate::ctl
