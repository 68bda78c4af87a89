// SPDX-License-Identifier: Apache-2.0
//
// Words in messages to people: suggestions for a mistyped one, and lists of those that are allowed. Pure; cannot fail.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace namegate {

// Returns the word of `known` that is most similar to `word`; empty if none is similar.
std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& known);

// "Allow, Deny, Log or Pass"
std::string join_words(std::span<const std::string_view> words);

}  // namespace namegate
