// SPDX-License-Identifier: Apache-2.0
//
// What the lines of the flow log say about an endpoint, as JSON that is written once and not for each line. Reads the node's state;
// cannot fail. One thread: that of the event loop.
#pragma once

#include <string>

#include "daemon/node.h"

namespace namegate::daemon {

struct EndpointText {
    std::string objects;  // "container":{...},"orchestrator":{...}
    std::string own;      // {"id":7,...}
    // The endpoint's address of this family; empty: it has none, or several.
    std::string v4;
    std::string v6;
};

EndpointText describe_endpoint(const Node& node, const endpoints::Record& record);
// Without the node's state: `labels` are those that people wrote.
EndpointText describe_endpoint(const endpoints::Record& record, const endpoints::Labels& labels);

}  // namespace namegate::daemon
