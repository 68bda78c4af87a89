// SPDX-License-Identifier: Apache-2.0
//
// Parses YAML to node trees. The only user of yaml-cpp; catches all its exceptions. Pure.
#pragma once

#include <string>
#include <string_view>

#include "policy/documents/document.h"

namespace namegate::policy {

ParseOutcome read_yaml(const std::string& path, std::string_view content);

}  // namespace namegate::policy
