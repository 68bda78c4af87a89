// SPDX-License-Identifier: Apache-2.0
//
// JSON from a runtime or a delegate: bounded in size and depth, and read with the type errors that a person
// needs ("mtu must be a number"). Pure functions; nothing throws.
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

// One JSON object, nothing after it. kInvalidInput says where it goes wrong.
Result<Json> parse_object(std::string_view text);

// The member, by exact name; null counts as absent.
const Json* find_member(const Json& object, std::string_view key);
// The member by name, letter case ignored, as capability arguments come from some runtimes.
const Json* find_member_any_case(const Json& object, std::string_view key);

// The typed member; absent is the empty value. `where` names the object in errors ("ips[0]"), empty for the top.
Result<std::string> get_string(const Json& object, std::string_view key, std::string_view where = {});
Result<bool> get_bool(const Json& object, std::string_view key, std::string_view where = {});
Result<std::optional<unsigned>> get_unsigned(const Json& object, std::string_view key, std::string_view where = {});
Result<std::vector<std::string>> get_strings(const Json& object, std::string_view key, std::string_view where = {});

// "where.key", or the key alone at the top.
std::string place(std::string_view where, std::string_view key);

}  // namespace namegate::cni
