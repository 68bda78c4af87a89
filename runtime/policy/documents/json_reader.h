// SPDX-License-Identifier: Apache-2.0
//
// Strict JSON (RFC 8259) text to a node tree with places, which the usual JSON libraries do not keep. Pure.
#pragma once

#include <string>
#include <string_view>

#include "policy/documents/document.h"

namespace namegate::policy {

ParseOutcome read_json(const std::string& path, std::string_view content);

}  // namespace namegate::policy
