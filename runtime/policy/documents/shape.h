// SPDX-License-Identifier: Apache-2.0
//
// Does a document have the shape that its table says (V1)? Reports every difference. Pure otherwise.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/documents/cursor.h"
#include "policy/documents/schema.h"

namespace namegate::policy {

void check_object(const Cursor& cursor, const ObjectSpec& spec);

// The word of `known` that `word` most likely means; empty when none is near.
std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known);

// "Allow, Deny, Log or Pass"
std::string join_words(std::span<const std::string_view> words);

}  // namespace namegate::policy
