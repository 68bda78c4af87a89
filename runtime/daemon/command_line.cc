// SPDX-License-Identifier: Apache-2.0
#include "daemon/command_line.h"

#include "config/config.h"

namespace namegate::daemon {

namespace {

constexpr const char* kFooter =
    "Runs in the foreground and logs to stderr. SIGHUP reads the policy folders and the\n"
    "trusted servers again. SIGTERM ends the daemon; policies stay enforced.\n"
    "Exit status: 0 after SIGTERM, 1 if it could not start, 2 for wrong usage.";

}  // namespace

CommandLine::CommandLine()
    : app_("namegated - enforces network policies for the containers of a node", "namegated"), config_path_(config::kDefaultConfigPath) {
    app_.add_option("--config", config_path_,
                    "the configuration (default /etc/namegate/namegate.yaml; a file\nthat does not exist means all defaults)")
        ->type_name("FILE")
        ->take_last();
    app_.set_help_flag("-h,--help", "this text");
    app_.set_version_flag("-V,--version", "namegated " NAMEGATE_VERSION, "the version");
    app_.footer(kFooter);
    app_.failure_message(
        [](const CLI::App*, const CLI::Error& error) { return "namegated: " + std::string(error.what()) + "; see namegated --help"; });
}

}  // namespace namegate::daemon
