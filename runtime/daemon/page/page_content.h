// SPDX-License-Identifier: Apache-2.0
//
// The page as join.sh made it of its parts when namegate was built: one HTML file that needs nothing else, and the hashes of its style
// and script for the Content-Security-Policy, such as "sha256-...". Constants.
#pragma once

#include <string_view>

namespace namegate::daemon {

std::string_view page_html();
std::string_view page_style_hash();
std::string_view page_script_hash();

}  // namespace namegate::daemon
