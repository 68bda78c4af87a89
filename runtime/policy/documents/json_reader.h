// SPDX-License-Identifier: Apache-2.0
//
// Parses strict JSON (RFC 8259) to a node tree with places. nlohmann-json parses the text; its events have no places, so the
// reader finds each token in the text itself. Pure.
#pragma once

#include <string>
#include <string_view>

#include "policy/documents/document.h"

namespace namegate::policy {

ParseOutcome read_json(const std::string& path, std::string_view content);

}  // namespace namegate::policy
