// SPDX-License-Identifier: Apache-2.0
//
// The command line of namegated, for its main() and for its manual page. One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace namegate::daemon {

class CommandLine {
  public:
    CommandLine();
    CommandLine(const CommandLine&) = delete;  // app_ refers to config_path_
    CommandLine& operator=(const CommandLine&) = delete;
    CommandLine(CommandLine&&) = delete;
    CommandLine& operator=(CommandLine&&) = delete;
    ~CommandLine() = default;

    CLI::App& app() { return app_; }
    const std::string& config_path() const { return config_path_; }

  private:
    CLI::App app_;
    std::string config_path_;
};

}  // namespace namegate::daemon
