// SPDX-License-Identifier: Apache-2.0
//
// Pods of this node that the API server shows and that are no endpoints of namegate: in the node's network, or in a network that
// namegate did not make. Reads only. One thread: that of the event loop.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/node.h"

namespace namegate::daemon {

struct OtherPods {
    std::uint64_t host_network = 0;
    std::uint64_t other_network = 0;  // they run, and no ADD of namegate is known
};

OtherPods count_other_pods(const Node& node);

// Why the pod "namespace/name" is no endpoint. Empty: the API server does not know it, or is no source.
std::string why_no_endpoint(const Node& node, const std::string& pod);

}  // namespace namegate::daemon
