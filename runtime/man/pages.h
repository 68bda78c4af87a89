// SPDX-License-Identifier: Apache-2.0
//
// The manual pages, from what the programs say of themselves: the command lines that CLI11 has, the texts of the help pages, and of
// namegate.yaml its table of settings and docs/configuration.md. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::man {

std::string namegatectl_page(const CLI::App& program, const std::string& date);
std::string namegated_page(const CLI::App& program, const std::string& date);
// `markdown`: docs/configuration.md. kInvalidInput names a setting that it does not describe, or describes and does not exist.
Result<std::string> settings_page(std::string_view markdown, const std::string& date);

}  // namespace namegate::man
