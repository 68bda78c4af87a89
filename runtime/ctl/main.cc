// SPDX-License-Identifier: Apache-2.0
//
// main() of namegatectl: calls run() with the real streams and socket.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/client.h"
#include "base/log.h"
#include "base/printable.h"
#include "ctl/complete.h"
#include "ctl/ctl.h"
#include "ctl/report/run_program.h"
#include "ctl/screen.h"

namespace {

constexpr unsigned kTimeoutMs = 10'000;
constexpr unsigned kCompletionTimeoutMs = 1'000;  // somebody waits with the cursor in the line

bool set_and_not_empty(const char* variable) {
    // Called before any thread starts. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

bool wants_colour() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && !set_and_not_empty("NO_COLOR") && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace

int main(int argc, char** argv) {
    using namespace namegate;
    try {
        const bool completes = argc > 1 && std::string_view(argv[1]) == ctl::kCompleteCommand;
        const unsigned timeout_ms = completes ? kCompletionTimeoutMs : kTimeoutMs;
        log::configure(log::Level::kWarning, log::Format::kText);
        const ctl::Environment environment{
            std::cout,
            std::cerr,
            wants_colour(),
            [timeout_ms](const std::string& socket_path, const api::Request& request) {
                return api::ask_daemon(socket_path, request, timeout_ms);
            },
            [](const std::string& socket_path, const api::Request& request, const std::function<bool(const api::Json&)>& take) {
                return api::follow_daemon(socket_path, request, kTimeoutMs, take);
            },
            ctl::run_program,
            ctl::screen_of_stdout,
            [](unsigned seconds) {
                std::this_thread::sleep_for(std::chrono::seconds(seconds));  // an interrupt ends the program
                return true;
            }};
        const int code = ctl::run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), environment);
        std::cout.flush();
        if (!std::cout) {
            std::cerr << "namegatectl: the output could not be written\n";
            return ctl::kUsage;
        }
        return code;
    } catch (const std::exception& exception) {
        std::cerr << "namegatectl: " << namegate::printable(exception.what()) << '\n';
        return ctl::kUsage;
    }
}
