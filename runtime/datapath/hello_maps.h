// SPDX-License-Identifier: Apache-2.0
//
// The maps for connections that must show a TLS name (bpf/abi_tls.h): a table for each endpoint whose policy needs it, and the buffers
// of the node, which are made with the first table and stay. No state of its own. The caller holds the node lock.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// Without its table, the connections of an endpoint that must show a name are denied.
Result<> ensure_hello_table(Datapath& datapath, std::uint32_t slot);
// Does nothing if the slot has none.
Result<> remove_hello_table(Datapath& datapath, std::uint32_t slot);

}  // namespace namegate::datapath
