// SPDX-License-Identifier: Apache-2.0
//
// Reading the daemon's answers, which may come from another version: what is absent or of another type
// reads as empty, never as an error. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/protocol.h"

namespace namegate::ctl {

// The member of an object, or null.
const api::Json& member(const api::Json& object, const char* key);

// A text as it is, a number in digits, yes or no; of anything else nothing.
std::string text_of(const api::Json& value);
std::string text_of(const api::Json& object, const char* key);
bool is_true(const api::Json& object, const char* key);
// Is it a whole number, and not negative?
bool is_count(const api::Json& value);
std::uint64_t number_of(const api::Json& object, const char* key);
// The texts of a list.
std::string joined(const api::Json& list, std::string_view separator);
// "app=weather,env=test"
std::string labels_text(const api::Json& labels);

}  // namespace namegate::ctl
