// SPDX-License-Identifier: Apache-2.0
//
// YAML text to node trees; yaml-cpp stops here. Catches all that yaml-cpp throws. Pure.
#pragma once

#include <string>
#include <string_view>

#include "policy/documents/document.h"

namespace namegate::policy {

ParseOutcome read_yaml(const std::string& path, std::string_view content);

}  // namespace namegate::policy
