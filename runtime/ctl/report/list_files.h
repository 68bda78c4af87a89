// SPDX-License-Identifier: Apache-2.0
//
// Lists folders with all that is below them, without content. Blocks on the disk. Cannot fail: an error is a line of the list.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace namegate::ctl {

inline constexpr std::size_t kMaxListedFiles = 2000;  // of one folder

// Each as "2026-01-31T10:00:00Z  0600  1234  PATH".
std::string list_files(const std::vector<std::string>& folders);

}  // namespace namegate::ctl
