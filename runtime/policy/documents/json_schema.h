// SPDX-License-Identifier: Apache-2.0
//
// The tables of schema.h as a JSON Schema (draft 7) for editors: one text for all kinds, and for lists of them.
// What it cannot say (selectors, domains, what excludes what) `namegatectl check` says. Pure.
#pragma once

#include <string>

namespace namegate::policy {

// Indented, with a newline at the end; the same text from every run.
std::string json_schema();

}  // namespace namegate::policy
