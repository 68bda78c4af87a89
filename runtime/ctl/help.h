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

// "namegatectl [OPTION...] policies [ENDPOINT]"
std::string synopsis_of(const CLI::App& command);

}  // namespace namegate::ctl
