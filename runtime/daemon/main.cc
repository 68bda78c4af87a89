// SPDX-License-Identifier: Apache-2.0
//
// namegated: reads its arguments and its configuration, then runs the daemon in the foreground.
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "api/client.h"
#include "base/file.h"
#include "base/log.h"
#include "base/printable.h"
#include "config/config.h"
#include "daemon/command_line.h"
#include "daemon/daemon.h"

namespace {

constexpr int kWrongUsage = 2;

// Prints the problems of the configuration, one on each line. They quote its text, so it is made printable.
void print_lines(std::string_view text) {
    for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(end == std::string_view::npos ? 0 : end + 1)) {
        end = text.find('\n');
        std::fprintf(stderr, "%s\n", namegate::printable(text.substr(0, end)).c_str());
    }
}

int run(int count, char** arguments) {
    namegate::daemon::CommandLine line;
    CLI::App& app = line.app();
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        std::ostringstream problem;
        const int code = app.exit(error, std::cout, problem);
        if (code == 0) {  // help or version
            return 0;
        }
        print_lines(problem.str());
        return kWrongUsage;
    }
    const auto config = namegate::config::load_config(line.config_path());
    if (!config) {
        print_lines(config.error().message());
        return kWrongUsage;
    }
    namegate::log::configure(config->log_level, config->log_format);
    // By default the C library delays the merging of small free blocks and then merges those of a whole name cache at once: 8 ms.
    ::mallopt(M_MXFAST, 0);  // NOLINT(concurrency-mt-unsafe): there is only one thread so far
    if (const auto result = namegate::daemon::run_daemon(*config); !result) {
        namegate::log::error("namegated cannot run", {namegate::log::kv("error", result.error().message())});
        // For `namegatectl status`. If the write fails, the log still has the error.
        static_cast<void>(
            namegate::write_file_atomically(namegate::api::failure_path(config->socket_path()), result.error().message(), 0600));
        return 1;
    }
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        return run(count, arguments);
    } catch (const std::exception& exception) {
        namegate::log::error("unexpected", {namegate::log::kv("error", exception.what())});
        return 1;
    }
}
