// SPDX-License-Identifier: Apache-2.0
//
// Which interfaces of the node accept packets with a source that they could not be answered through (RFC 3704)? Behind such an
// interface somebody can write a pod's address as source. A filter does not tell sources apart that are behind the same interface: a
// DNS answer may be forged there all the same (docs/limits.md). Reads the kernel's settings at each call; owns nothing. Pure but
// for the files. A folder that cannot be read is an error; an interface that goes meanwhile is left out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::daemon {

// `folder`: of the kernel's IPv4 settings by interface, /proc/sys/net/ipv4/conf. `is_ours`: interfaces whose sources the programs
// check themselves. The loopback device is left out. Sorted names.
Result<std::vector<std::string>> interfaces_without_reverse_path_filter(const std::string& folder,
                                                                        const std::function<bool(const std::string&)>& is_ours);

}  // namespace namegate::daemon
