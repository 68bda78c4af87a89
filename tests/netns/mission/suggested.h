// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl` as a user runs it, in this process: `suggest` and `check`.
#pragma once

#include <string>
#include <vector>

#include "node.h"

namespace namegate::test {

struct Suggested {
    int code = -1;
    std::string out;
    std::string err;
};

// With these arguments behind the command's name.
Suggested suggest(const Node& node, std::vector<std::string> arguments);
// Of a policy file with this content.
Suggested check_policy(const Node& node, const std::string& content);

}  // namespace namegate::test
