// SPDX-License-Identifier: Apache-2.0
//
// JSON from the API server, with limits that are checked before a parser reads it. Pure.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

inline constexpr int kMaxJsonDepth = 64;
// etcd refuses requests of more than 1.5 MiB by default, so objects of most clusters are smaller.
inline constexpr std::size_t kMaxObjectBytes = 2UL * 1024 * 1024;

// One object. kExhausted: it is nested deeper than kMaxJsonDepth. kInvalidInput: it is not a JSON object.
Result<nlohmann::json> parse_json_object(std::string_view text);

// The name of an object that is too large or too deep to be parsed, as far as the text goes. `inside`: the member of the text that has
// the object; empty: the text is the object. Empty names: not found.
ObjectName find_name(std::string_view text, std::string_view inside);

// The text of a member: text_at(status, {"metadata", "continue"}). Empty: there is none.
std::string text_at(const nlohmann::json& object, std::initializer_list<const char*> path);

}  // namespace namegate::kubernetes
