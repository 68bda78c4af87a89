// SPDX-License-Identifier: Apache-2.0
//
// The names of the label providers in `labelSources` and in endpoint records. Constants.
#pragma once

#include <string_view>

#include "endpoints/record.h"

namespace namegate::labels {

inline constexpr std::string_view kCniArgs = endpoints::kCniArgsProvider;
inline constexpr std::string_view kFiles = "files";
inline constexpr std::string_view kKubernetes = "kubernetes";
inline constexpr std::string_view kContainerd = endpoints::kContainerdProvider;

}  // namespace namegate::labels
