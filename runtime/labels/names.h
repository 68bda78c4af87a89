// SPDX-License-Identifier: Apache-2.0
//
// The names of the label providers in `labelSources` and in endpoint records.
#pragma once

#include <string_view>

namespace namegate::labels {

inline constexpr std::string_view kCniArgs = "cni-args";
inline constexpr std::string_view kFiles = "files";
inline constexpr std::string_view kContainerd = "containerd";

}  // namespace namegate::labels
