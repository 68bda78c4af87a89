// SPDX-License-Identifier: Apache-2.0
//
// The DNS servers that are not trusted and sent responses to endpoints, as the programs count them. Has no state and
// needs no lock; entries that change during the read may be missed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

struct UntrustedServer {
    std::uint32_t endpoint = 0;
    IpAddress server;  // its port is 53
    std::uint64_t responses = 0;
    std::uint32_t last = 0;  // tick
};

// Each server of each endpoint once, ordered by endpoint and address. May include endpoints that no longer exist.
Result<std::vector<UntrustedServer>> read_untrusted(Datapath& datapath);
// For one endpoint.
Result<std::vector<UntrustedServer>> read_untrusted(Datapath& datapath, std::uint32_t endpoint);
// Erases the entries of an endpoint that no longer exists.
Result<> forget_untrusted(Datapath& datapath, std::uint32_t endpoint);

}  // namespace namegate::datapath
