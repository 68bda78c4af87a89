// SPDX-License-Identifier: Apache-2.0
//
// Which resources of a group the API server has, as its reply to "/apis/GROUP/VERSION" says. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxGroupResources = 1'000;

// The names of the resources that can be watched. Empty: the server does not have the group.
using ServedResources = std::set<std::string>;

// The content of an APIResourceList. kInvalidInput: it is none. kExhausted: it has too many resources.
Result<ServedResources> decode_resource_list(std::string_view text);

}  // namespace namegate::kubernetes
