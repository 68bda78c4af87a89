// SPDX-License-Identifier: Apache-2.0
//
// The supported versions of the CNI specification, and the version that introduced each command. Pure functions.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "cni/cni_error.h"

namespace namegate::cni {

inline constexpr std::array<std::string_view, 4> kSupportedVersions{"0.3.1", "0.4.0", "1.0.0", "1.1.0"};
inline constexpr std::string_view kNewestVersion = kSupportedVersions.back();

enum class Command { kAdd, kDel, kCheck, kGc, kStatus, kVersion };

std::string_view to_string(Command command);

bool is_supported(std::string_view version);

// kIncompatibleVersion when the version is not supported or does not have the command.
Outcome<> check_version(std::string_view version, Command command);

// The reply to VERSION; `asked` is the cniVersion on stdin, or empty.
std::string version_reply(std::string_view asked);

// Whether results of this version have `ips[].version` (up to 0.4.0).
bool result_has_ip_version(std::string_view version);
// Whether interfaces and routes may carry the fields that 1.1.0 added.
bool result_has_extended_fields(std::string_view version);

}  // namespace namegate::cni
