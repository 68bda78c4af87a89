// SPDX-License-Identifier: Apache-2.0
//
// namegated: reads its arguments and its configuration, then runs the daemon in the foreground.
#include <malloc.h>

#include <CLI/CLI.hpp>
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
#include "daemon/daemon.h"

namespace {

constexpr int kWrongUsage = 2;

constexpr const char* kFooter =
    "Runs in the foreground and logs to stderr. SIGHUP reads the policy folders and the\n"
    "trusted servers again. SIGTERM ends the daemon; policies stay enforced.\n"
    "Exit status: 0 after SIGTERM, 1 if it could not start, 2 for wrong usage.";

// Prints the problems of the configuration, one on each line. They quote its text, so it is made printable.
void print_lines(std::string_view text) {
    for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(end == std::string_view::npos ? 0 : end + 1)) {
        end = text.find('\n');
        std::fprintf(stderr, "%s\n", namegate::printable(text.substr(0, end)).c_str());
    }
}

int run(int count, char** arguments) {
    CLI::App app("namegated - enforces network policies for the containers of a node", "namegated");
    std::string config_path = namegate::config::kDefaultConfigPath;
    app.add_option("--config", config_path,
                   "the configuration (default /etc/namegate/namegate.yaml; a file\nthat does not exist means all defaults)")
        ->type_name("FILE")
        ->take_last();
    app.set_help_flag("-h,--help", "this text");
    app.set_version_flag("-V,--version", "namegated " NAMEGATE_VERSION, "the version");
    app.footer(kFooter);
    app.failure_message(
        [](const CLI::App*, const CLI::Error& error) { return "namegated: " + std::string(error.what()) + "; see namegated --help"; });
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
    const auto config = namegate::config::load_config(config_path);
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
