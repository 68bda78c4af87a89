// SPDX-License-Identifier: Apache-2.0
//
// The command line of namegatectl, taken apart. Options may stand anywhere before "--". Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::ctl {

enum class Format { kTable, kJson };

struct Arguments {
    bool has_command = false;
    std::string command;
    std::vector<std::string> operands;
    std::string socket;  // empty: that of the configuration
    std::string config_path;
    Format format = Format::kTable;
    // The first option given that only one command has, and that command.
    std::string special_option;
    std::string special_command;
    // Of `explain`.
    bool offline = false;
    bool ingress = false;
    std::vector<std::string> policies;  // folders and files instead of the configured folders
    std::vector<std::string> labels;    // "key=value"
    std::string service_account;
    // Of `monitor`.
    bool denied = false;
    bool dns = false;
    bool help = false;
    bool version = false;
};

// kInvalidInput says what is wrong with the arguments.
Result<Arguments> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace namegate::ctl
