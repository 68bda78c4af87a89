// SPDX-License-Identifier: Apache-2.0
//
// What a page that opens should show at once: the live flows of the endpoints and the names that they have looked up, from the flow
// tables and the name cache. Nobody asked for events of them when they happened. The endpoints are read in turn, for as long as a call
// may take. Reads only; an endpoint that cannot be read is left out. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/node.h"
#include "daemon/page/connections.h"

namespace namegate::daemon {

class KnownConnections {
  public:
    KnownConnections(Node& node, Connections& connections) : node_(node), connections_(connections) {}

    // All endpoints have to be read again.
    void start();
    // Reads until this time of the node's clock; one endpoint at least.
    void read(std::uint64_t until_boot_ns);
    bool done() const { return waiting_.empty(); }

  private:
    void read_one(const endpoints::Record& record);
    void add_flows(const endpoints::Record& record, const std::string& now);
    void add_names(const endpoints::Record& record, const std::string& now);

    Node& node_;
    Connections& connections_;
    std::vector<std::uint32_t> waiting_;  // endpoints
};

}  // namespace namegate::daemon
