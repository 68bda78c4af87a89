// SPDX-License-Identifier: Apache-2.0
//
// The setting policySources: where policies come from. Pure.
#pragma once

#include <array>
#include <string_view>

#include "policy/documents/cursor.h"

namespace namegate::config {

struct Config;

inline constexpr std::string_view kFilesSource = "files";  // policyDirs
// The others are groups of the API server.
inline constexpr std::array<std::string_view, 5> kPolicySources = {kFilesSource, "kubernetes", "network-policy-api", "calico", "namegate"};

// Reports errors to the cursor. Call it after the label sources are read, because only their source kubernetes asks the API server.
void read_policy_sources(const policy::Cursor& root, Config& config);

}  // namespace namegate::config
