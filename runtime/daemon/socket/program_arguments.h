// SPDX-License-Identifier: Apache-2.0
//
// What the plugin says of the endpoint that is to be programmed.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"

namespace namegate::daemon {

struct ProgramArguments {
    std::string container;
    std::string interface;
    std::vector<IpAddress> addresses;  // none: as its record says
};

}  // namespace namegate::daemon
