// SPDX-License-Identifier: Apache-2.0
//
// The address of a Unix socket at a path, for connect(2) and bind(2). Pure; safe from any thread.
#pragma once

#include <sys/un.h>

#include <string>

#include "base/result.h"

namespace namegate {

// kInvalidInput: the path is too long for an address.
Result<sockaddr_un> unix_address(const std::string& path);

}  // namespace namegate
