// SPDX-License-Identifier: Apache-2.0
//
// namegated: reads its arguments and its configuration, then runs the daemon in the foreground.
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "api/client.h"
#include "base/file.h"
#include "base/log.h"
#include "base/printable.h"
#include "config/config.h"
#include "daemon/daemon.h"

namespace {

constexpr std::string_view kHelp =
    "namegated - programs and follows the policies of a node's containers\n"
    "\n"
    "usage: namegated [--config FILE]\n"
    "\n"
    "  --config FILE  configuration (default /etc/namegate/namegate.yaml; one that is\n"
    "                 not there is all defaults)\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "Runs in the foreground and logs to stderr. SIGHUP reads the policy folders and\n"
    "the trusted servers again. SIGTERM ends it; what is enforced stays enforced.\n"
    "Exit status: 0 after SIGTERM, 1 when it could not start, 2 for wrong usage.\n";

// Problems of the configuration, one a line, which quote its text.
void print_lines(std::string_view text) {
    for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(end == std::string_view::npos ? 0 : end + 1)) {
        end = text.find('\n');
        std::fprintf(stderr, "%s\n", namegate::printable(text.substr(0, end)).c_str());
    }
}

int run(int count, char** arguments) {
    std::string config_path = namegate::config::kDefaultConfigPath;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--help" || argument == "-h") {
            std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
            return 0;
        }
        if (argument == "--version") {
            std::puts("namegated " NAMEGATE_VERSION);
            return 0;
        }
        if (argument == "--config" && i + 1 < count) {
            config_path = arguments[++i];
        } else {
            std::fprintf(stderr, "namegated: wrong usage at \"%s\"; see namegated --help\n", namegate::printable(arguments[i]).c_str());
            return 2;
        }
    }
    const auto config = namegate::config::load_config(config_path);
    if (!config) {
        print_lines(config.error().message());
        return 2;
    }
    namegate::log::configure(config->log_level, config->log_format);
    // Else the C library puts off joining small free blocks, and then joins a whole name cache's at once: 8 ms.
    ::mallopt(M_MXFAST, 0);  // NOLINT(concurrency-mt-unsafe): there is one thread yet
    if (const auto result = namegate::daemon::run_daemon(*config); !result) {
        namegate::log::error("namegated cannot run", {namegate::log::kv("error", result.error().message())});
        // For `namegatectl status`; without it there is the log.
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
