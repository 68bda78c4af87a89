// SPDX-License-Identifier: Apache-2.0
//
// The texts of the help pages, one per command. Constants.
#pragma once

#include <span>
#include <string_view>

namespace namegate::ctl {

struct Page {
    std::string_view command;
    std::string_view summary;
    std::string_view description;
    std::string_view exit_codes;
    std::string_view examples;
};

// Of the page of the program itself.
std::string_view program_exit_codes();
std::string_view program_files();

std::span<const Page> pages();
// Null if no command has this name.
const Page* find_page(std::string_view command);

}  // namespace namegate::ctl
