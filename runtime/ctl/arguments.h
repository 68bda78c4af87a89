// SPDX-License-Identifier: Apache-2.0
//
// The command line of namegatectl, which CLI11 takes apart. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::ctl {

enum class Format { kTable, kJson };

struct Arguments {
    std::string text;  // a help page or the version: the caller prints it and does nothing else
    std::string command;
    std::vector<std::string> operands;
    std::string socket;  // empty: that of the configuration
    std::string config_path;
    Format format = Format::kTable;
    // Of `explain`.
    bool offline = false;
    bool ingress = false;
    std::vector<std::string> policies;  // folders and files instead of the configured folders
    std::vector<std::string> labels;    // "key=value"
    std::string service_account;
    // Of `monitor`.
    bool denied = false;
    bool dns = false;
};

// kInvalidInput says what is wrong with the arguments, and which help page to read.
Result<Arguments> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace namegate::ctl
