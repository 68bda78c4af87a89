// SPDX-License-Identifier: Apache-2.0
//
// Reads JSON whose members depend on what it is about: lines of a flow log, settings. A member that is absent or of another type reads
// as empty. Events and the replies to commands have types of their own (api/replies). Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/protocol.h"

namespace namegate::ctl {

// The member of an object, or null.
const api::Json& member(const api::Json& object, const char* key);

// Text unchanged, a number in digits, a boolean as "yes" or "no"; anything else is empty.
std::string text_of(const api::Json& value);
std::string text_of(const api::Json& object, const char* key);
// Whether it is an integer that is not negative.
bool is_count(const api::Json& value);
std::uint64_t number_of(const api::Json& object, const char* key);
// The texts of a list, one by one; of any other value its text.
std::vector<std::string> items_of(const api::Json& list);

}  // namespace namegate::ctl
