// SPDX-License-Identifier: Apache-2.0
//
// The DNS servers that are not trusted and answered endpoints all the same, as the programs count them. No state of its
// own; no lock needed; what changes while it is read may be missed.
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

// Each server of an endpoint once, ordered by both. Those of endpoints that are gone may be among them.
Result<std::vector<UntrustedServer>> read_untrusted(Datapath& datapath);
// Of one endpoint alone.
Result<std::vector<UntrustedServer>> read_untrusted(Datapath& datapath, std::uint32_t endpoint);
// The endpoint is gone.
Result<> forget_untrusted(Datapath& datapath, std::uint32_t endpoint);

}  // namespace namegate::datapath
