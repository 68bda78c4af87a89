// SPDX-License-Identifier: Apache-2.0
//
// Reads a kubeconfig: the cluster and the user of its current context. What a daemon cannot or must not do (run a program for
// credentials, trust any certificate) is refused with the place in the file. Functions without state; loading blocks on the disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kubernetes/client/access.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxKubeconfigBytes = 1024 * 1024;

// Relative paths in it are relative to its folder. Each error has the form file:line:column: error: field: message.
Result<Access> parse_kubeconfig(const std::string& path, std::string_view content);
Result<Access> load_kubeconfig(const std::string& path);

}  // namespace namegate::kubernetes
