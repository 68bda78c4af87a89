// SPDX-License-Identifier: Apache-2.0
//
// Writes the tables of schema.h as a JSON Schema (draft 7) for editors, for all kinds and for lists of them. Only
// `namegatectl check` can check selectors, domains and combinations of fields. Pure.
#pragma once

#include <string>

namespace namegate::policy {

// Returns indented text with a newline at the end; it is always the same.
std::string json_schema();

}  // namespace namegate::policy
