// SPDX-License-Identifier: Apache-2.0
//
// Strict JSON (RFC 8259) text to a node tree with places. nlohmann-json reads the text, and its events have no places:
// the reader follows them in the text. Pure.
#pragma once

#include <string>
#include <string_view>

#include "policy/documents/document.h"

namespace namegate::policy {

ParseOutcome read_json(const std::string& path, std::string_view content);

}  // namespace namegate::policy
