// SPDX-License-Identifier: Apache-2.0
//
// Reads the daemon's replies. The daemon may have another version, so a member that is absent or of another type reads as
// empty, not as an error. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/protocol.h"

namespace namegate::ctl {

// The member of an object, or null.
const api::Json& member(const api::Json& object, const char* key);

// Text unchanged, a number in digits, a boolean as "yes" or "no"; anything else is empty.
std::string text_of(const api::Json& value);
std::string text_of(const api::Json& object, const char* key);
bool is_true(const api::Json& object, const char* key);
// Whether it is an integer that is not negative.
bool is_count(const api::Json& value);
std::uint64_t number_of(const api::Json& object, const char* key);
// The texts of a list, with `separator` between them.
std::string joined(const api::Json& list, std::string_view separator);
// The texts of a list; of any other value its text, if it has one.
std::vector<std::string> items_of(const api::Json& list);
// Of a packet: the other side's address and, if there is one, its port: "192.0.2.1:443", "[2001:db8::1]:443".
std::string remote_text(const api::Json& packet);
// "app=weather" for each label; without the system labels (system_labels.h) unless `all`.
std::vector<std::string> label_items(const api::Json& labels, bool all);

}  // namespace namegate::ctl
