// SPDX-License-Identifier: Apache-2.0
//
// Explains why an endpoint may or may not reach a destination, from the rules that were programmed for it and its learned
// addresses. Reads only. One thread: that of the event loop, or that of a child process.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/explain.h"
#include "api/replies/explain.h"
#include "base/result.h"
#include "daemon/node.h"
#include "policy/compiler/destination.h"

namespace namegate::daemon {

// What is known of an endpoint in one direction, read once for any number of destinations. Node and record outlive it.
class EndpointExplainer {
  public:
    static Result<EndpointExplainer> create(Node& node, const endpoints::Record& record, policy::Direction direction);
    // kInvalidInput: the destination is a name and the direction is ingress.
    Result<api::ExplainReply> explain(const policy::Destination& destination);

  private:
    using Opened = std::map<IpAddress, std::vector<std::string>>;

    EndpointExplainer(Node& node, const endpoints::Record& record) : node_(node), record_(record) {}
    Result<> read_egress();
    void read_policies();
    Result<> add_targets(api::ExplainFacts& facts);

    Node& node_;
    const endpoints::Record& record_;
    api::ExplainFacts facts_;  // without destination and targets
    node::CompiledRef compiled_;
    node::CompiledRef preview_;
    Opened opened_;                                                       // the patterns that open each address now
    std::optional<std::map<IpAddress, std::vector<std::string>>> names_;  // of the name cache, by address; none: not read yet
};

// For one destination.
Result<api::ExplainReply> view_explanation(Node& node, const endpoints::Record& record, const policy::Destination& destination,
                                           policy::Direction direction);

}  // namespace namegate::daemon
