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

// An object to its end. To try what cannot be one costs an exception.
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

// Programs from before CNI 1.1 know neither GC nor STATUS. They say that the variable CNI_COMMAND is wrong: then there is
// nothing to collect, and nothing that is not ready.
bool lacks_command(const CniError& error, Command command) {
    return (command == Command::kGc || command == Command::kStatus) &&
           error.code == static_cast<unsigned>(ErrorCode::kInvalidEnvironment) && error.message.find("CNI_COMMAND") != std::string::npos;
}

CniError delegate_error(const std::string& who, const ChildOutput& output) {
    const auto object = cni::parse_object(output.standard_output);
    if (!object || (!object->contains("code") && !object->contains("msg"))) {
        return {ErrorCode::kFailed, who + " ended with status " + std::to_string(output.exit_status) + " and no CNI error on its output",
                output.standard_output.substr(0, 1024)};
    }
    const unsigned code = cni::get_unsigned(*object, "code").value_or(std::nullopt).value_or(static_cast<unsigned>(ErrorCode::kFailed));
    return {code == 0 ? static_cast<unsigned>(ErrorCode::kFailed) : code, who + ": " + cni::get_string(*object, "msg").value_or({}),
            cni::get_string(*object, "details").value_or({})};
}

}  // namespace

Outcome<std::string> Ipam::path() const {
    const std::string& type = request_.config.ipam_type;
    if (request_.environment.plugin_dirs.empty()) {
        return CniError(ErrorCode::kInvalidEnvironment, "required environment variables are missing: CNI_PATH",
                        "it is needed to find the ipam plugin " + type);
    }
    std::string looked;
    for (const std::string& directory : request_.environment.plugin_dirs) {
        std::string candidate = directory + "/" + type;
        if (is_program(candidate)) {
            return candidate;
        }
        looked += (looked.empty() ? "" : ", ") + directory;
    }
    return CniError(ErrorCode::kInvalidConfig, "ipam plugin " + type + " is not installed", "looked in " + looked);
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
        return output.error().with_context(who_);
    }
    if (output->exit_status != 0) {
        return delegate_error(who_, *output);
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
            taken_ = early->size();
            return result;
        }
    }
    // An error, or a result that is one: how the program ended says more.
    NG_ASSIGN(const std::string whole, finish());
    return parse_text(whole);
}

Outcome<> IpamCall::confirm() {
    if (child_.is_finished()) {
        return Unit{};
    }
    NG_ASSIGN(const std::string whole, finish());
    if (whole.find_first_not_of(kBlanks, taken_) != std::string::npos) {
        return CniError(ErrorCode::kDecode, "the result of " + who_ + " is followed by something else");
    }
    return Unit{};
}

void IpamCall::settle() {
    if (!child_.is_finished()) {
        static_cast<void>(finish());
    }
}

}  // namespace namegate::plugin
