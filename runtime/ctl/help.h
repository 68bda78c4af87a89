// SPDX-License-Identifier: Apache-2.0
//
// Formats help as manual pages, from CLI11's list of commands and options and the texts of pages.h.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace namegate::ctl {

class ManualPage : public CLI::Formatter {
  public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

// Does the command have an option of the same name, which is meant behind it?
bool is_shadowed(const CLI::Option& program_option, const CLI::App& command);

// "namegatectl [OPTION...] policies [ENDPOINT]"
std::string synopsis_of(const CLI::App& command);

}  // namespace namegate::ctl
