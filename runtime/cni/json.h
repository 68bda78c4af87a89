// SPDX-License-Identifier: Apache-2.0
//
// JSON from a runtime or a delegate, limited in size and depth. Type errors name the key and the expected type ("mtu must
// be a number"). Pure functions; no exceptions.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace namegate::cni {

inline constexpr std::size_t kMaxJsonBytes = 1024UL * 1024;
inline constexpr int kMaxJsonDepth = 64;

using Json = nlohmann::json;

// Accepts exactly one JSON object. kInvalidInput gives the position of the error.
Result<Json> parse_object(std::string_view text);

// The member with exactly this name, or null. A JSON null counts as absent.
const Json* find_member(const Json& object, std::string_view key);
// The same, ignoring letter case.
const Json* find_member_any_case(const Json& object, std::string_view key);

// The typed member; the empty value when it is absent. `where` names the object in errors ("ips[0]") and is empty for the
// top level.
Result<std::string> get_string(const Json& object, std::string_view key, std::string_view where = {});
Result<bool> get_bool(const Json& object, std::string_view key, std::string_view where = {});
Result<std::optional<unsigned>> get_unsigned(const Json& object, std::string_view key, std::string_view where = {});
Result<std::vector<std::string>> get_strings(const Json& object, std::string_view key, std::string_view where = {});

// The key as errors name it: "where.key", or only the key at the top level.
std::string place(std::string_view where, std::string_view key);

}  // namespace namegate::cni
