// SPDX-License-Identifier: Apache-2.0
//
// The daemon's writes to the map `joins` (bpf/dns_join.h): names at the end of a chain that is split over two responses. Owns
// nothing. Only the daemon and the programs write there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// The end of a response's chain that has no address yet (abi.h, `joins`).
struct OpenChain {
    std::uint32_t slot = 0;
    std::uint32_t endpoint = 0;
    std::vector<std::string> labels;
    std::uint32_t until = 0;  // tick
};
// Makes the programs hold the next response for the name at the end of the chain.
Result<> await_name(Datapath& datapath, const OpenChain& chain, std::uint32_t now_tick);

}  // namespace namegate::datapath
