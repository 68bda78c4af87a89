// SPDX-License-Identifier: Apache-2.0
//
// Checks the shape of a document against its table (V1). Reports every difference to the cursor's context. Pure otherwise.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/documents/cursor.h"
#include "policy/documents/schema.h"

namespace namegate::policy {

void check_object(const Cursor& cursor, const ObjectSpec& spec);

// Returns the word of `known` that is most similar to `word`; empty if none is similar.
std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known);

// "Allow, Deny, Log or Pass"
std::string join_words(std::span<const std::string_view> words);

}  // namespace namegate::policy
