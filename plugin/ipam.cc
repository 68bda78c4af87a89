// SPDX-License-Identifier: Apache-2.0
#include "plugin/ipam.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "plugin/child.h"

namespace namegate::plugin {

namespace {

using cni::CniError;
using cni::Command;
using cni::ErrorCode;
using cni::Outcome;

constexpr std::string_view kCommandVariable = "CNI_COMMAND=";
constexpr std::string_view kBlanks = " \t\r\n";

// Parses a complete object. Text that does not end with '}' is skipped, because a failed parse costs an exception.
std::optional<cni::Json> whole_object(const std::string& text) {
    const std::size_t last = text.find_last_not_of(kBlanks);
    if (last == std::string::npos || text[last] != '}') {
        return std::nullopt;
    }
    auto object = cni::parse_object(text);
    return object ? std::optional<cni::Json>(std::move(object).value()) : std::nullopt;
}

bool is_program(const std::string& path) {
    struct stat about {};
    return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// Programs older than CNI 1.1 do not know GC and STATUS and return an error about the variable CNI_COMMAND. They have
// nothing to collect and are always ready.
bool lacks_command(const CniError& error, Command command) {
    return (command == Command::kGc || command == Command::kStatus) &&
           error.code == static_cast<unsigned>(ErrorCode::kInvalidEnvironment) && error.message.find("CNI_COMMAND") != std::string::npos;
}

CniError delegate_error(const std::string& program, const ChildOutput& output) {
    const auto object = cni::parse_object(output.standard_output);
    if (!object || (!object->contains("code") && !object->contains("msg"))) {
        return {ErrorCode::kFailed,
                program + " ended with status " + std::to_string(output.exit_status) + " and no CNI error on its output",
                output.standard_output.substr(0, 1024)};
    }
    const unsigned code = cni::get_unsigned(*object, "code").value_or(std::nullopt).value_or(static_cast<unsigned>(ErrorCode::kFailed));
    return {code == 0 ? static_cast<unsigned>(ErrorCode::kFailed) : code, program + ": " + cni::get_string(*object, "msg").value_or({}),
            cni::get_string(*object, "details").value_or({})};
}

}  // namespace

Outcome<std::string> Ipam::path() const {
    const std::string& type = request_.config.ipam_type;
    if (request_.environment.plugin_dirs.empty()) {
        return CniError(ErrorCode::kInvalidEnvironment, "required environment variables are missing: CNI_PATH",
                        "it is needed to find the ipam plugin " + type);
    }
    std::string searched;
    for (const std::string& directory : request_.environment.plugin_dirs) {
        std::string candidate = directory + "/" + type;
        if (is_program(candidate)) {
            return candidate;
        }
        searched += (searched.empty() ? "" : ", ") + directory;
    }
    return CniError(ErrorCode::kInvalidConfig, "ipam plugin " + type + " is not installed", "looked in " + searched);
}

Outcome<IpamCall> Ipam::start(Command command) const {
    NG_ASSIGN(std::string program, path());
    ChildCommand child{program, {program}, {}};
    for (const std::string& variable : environment_) {
        if (variable.compare(0, kCommandVariable.size(), kCommandVariable) != 0) {
            child.environment.push_back(variable);
        }
    }
    child.environment.push_back(std::string(kCommandVariable) + std::string(cni::to_string(command)));
    NG_ASSIGN(Child started, Child::start(child));
    return IpamCall(std::move(started), "ipam plugin " + request_.config.ipam_type + " (" + std::string(cni::to_string(command)) + ")",
                    request_.config.document);
}

Outcome<> Ipam::run(Command command) const {
    NG_ASSIGN(IpamCall call, start(command));
    call.go();
    if (const auto finished = call.finish(); !finished && !lacks_command(finished.error(), command)) {
        return finished.error();
    }
    return Unit{};
}

Outcome<std::string> IpamCall::finish() {
    auto output = child_.finish();
    if (!output) {
        return output.error().with_context(program_);
    }
    if (output->exit_status != 0) {
        return delegate_error(program_, *output);
    }
    return std::move(output->standard_output);
}

Outcome<cni::AddResult> IpamCall::parse(const cni::Json& object) const {
    NG_ASSIGN(cni::AddResult result, cni::with_code(cni::parse_result(object).with_context(what()), ErrorCode::kDecode));
    if (result.ips.empty()) {
        return CniError(ErrorCode::kFailed, what() + " has no address");
    }
    return result;
}

Outcome<cni::AddResult> IpamCall::parse_text(const std::string& text) const {
    NG_ASSIGN(const cni::Json object, cni::with_code(cni::parse_object(text).with_context(what()), ErrorCode::kDecode));
    return parse(object);
}

Outcome<cni::AddResult> IpamCall::result() {
    std::optional<cni::Json> object;
    const auto early = child_.read_until([&object](const std::string& text) {
        object = whole_object(text);
        return object.has_value();
    });
    if (early && object) {
        if (auto result = parse(*object); result) {
            result_bytes_ = early->size();
            return result;
        }
    }
    // Not a valid result: the outcome of the program gives the better error.
    NG_ASSIGN(const std::string whole, finish());
    return parse_text(whole);
}

Outcome<> IpamCall::confirm() {
    if (child_.is_finished()) {
        return Unit{};
    }
    NG_ASSIGN(const std::string whole, finish());
    if (whole.find_first_not_of(kBlanks, result_bytes_) != std::string::npos) {
        return CniError(ErrorCode::kDecode, "the result of " + program_ + " is followed by something else");
    }
    return Unit{};
}

void IpamCall::settle() {
    if (!child_.is_finished()) {
        static_cast<void>(finish());
    }
}

}  // namespace namegate::plugin
