// SPDX-License-Identifier: Apache-2.0
//
// Which names a wildcard may stand for in a suggestion: at least kMinSiblings names directly below one parent, where the parent is a
// domain that somebody has registered, or below one, by the Public Suffix List. So never `*.com`, and never the suffix of a provider
// below which each customer has a name (`*.s3.amazonaws.com`). Pure.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

namespace namegate::ctl {

inline constexpr std::size_t kMinSiblings = 3;

// Names -> the pattern that stands for them: "*.example.com". A name without a pattern is missing.
std::map<std::string, std::string> wildcards_for(const std::set<std::string>& names);

}  // namespace namegate::ctl
