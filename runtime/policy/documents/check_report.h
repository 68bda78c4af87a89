// SPDX-License-Identifier: Apache-2.0
//
// Checks policy files, each and all together, for `namegatectl check`. Pure, without I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/model/problem.h"

namespace namegate::policy {

struct CheckInput {
    std::string path;
    std::string content;
};

struct CheckReport {
    std::size_t files = 0;
    std::size_t resources = 0;
    Problems problems;  // sorted by file, line and column

    bool good() const { return !has_errors(problems); }
};

// What is checked across files.
struct CheckScope {
    bool whole_folders = false;                   // otherwise other files may have what these lack
    std::vector<std::uint16_t> dns_ports = {53};  // of trusted servers
};

CheckReport check_files(const std::vector<CheckInput>& files, const CheckScope& scope = {});

}  // namespace namegate::policy
