// SPDX-License-Identifier: Apache-2.0
//
// The CNI plugin as a program: connects the dispatcher with the real environment, stdin and stdout.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cni/json.h"
#include "plugin/dispatcher.h"
#include "plugin/operations.h"
#include "plugin/wiring.h"

namespace namegate::plugin {
namespace {

std::optional<std::string> get_environment(const std::string& name) {
    // Read before any thread is started. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<std::string> read_stdin() {
    std::string text;
    std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return sys_error("reading the configuration from stdin", errno);
        }
        if (got == 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > cni::kMaxJsonBytes) {
            return Error(Code::kInvalidInput, "the configuration on stdin is longer than " + std::to_string(cni::kMaxJsonBytes) + " bytes");
        }
    }
}

// Opens /dev/null in place of a closed stdin, stdout or stderr. Otherwise another file would get that number.
bool open_standard_files() {
    for (;;) {
        const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            return false;
        }
        if (fd > STDERR_FILENO) {
            ::close(fd);
            return true;
        }
        ::fcntl(fd, F_SETFD, 0);
    }
}

std::vector<std::string> whole_environment() {
    std::vector<std::string> variables;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        variables.emplace_back(*variable);
    }
    return variables;
}

int run() {
    if (!open_standard_files()) {
        return 1;
    }
    log::configure(log::Level::kInfo, log::Format::kText);
    SystemClock clock;
    Operations operations({[&clock](const std::string& path) { return open_lifecycle(path, clock); }, whole_environment(), &clock});
    const Reply reply = dispatch({get_environment, read_stdin}, operations);
    const bool written =
        write_all(STDERR_FILENO, reply.standard_error, "stderr") && write_all(STDOUT_FILENO, reply.standard_output, "stdout");
    // A result that could not be written is a failure: the runtime then calls DEL.
    return written ? reply.exit_status : 1;
}

}  // namespace
}  // namespace namegate::plugin

int main() {
    try {
        return namegate::plugin::run();
    } catch (const std::exception& exception) {
        namegate::log::error("unexpected exception", {namegate::log::kv("error", exception.what())});
        const std::string reply = namegate::cni::to_json({namegate::cni::ErrorCode::kInternal, exception.what()}, "");
        return ::write(STDOUT_FILENO, reply.data(), reply.size()) < 0 ? 2 : 1;
    }
}
