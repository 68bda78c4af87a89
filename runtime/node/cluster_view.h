// SPDX-License-Identifier: Apache-2.0
//
// The pods of other nodes and the Services of the cluster as policies see them, made from what is known of the API server. Owns what it
// has made until something changes. One thread; nothing blocks, except the first use of the knowledge.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "kubernetes/known/knowledge.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/service_view.h"
#include "policy/model/snapshot.h"

namespace namegate::node {

class ClusterView {
  public:
    // `known` may be null: no API server is configured. The configuration must outlive this object.
    ClusterView(std::shared_ptr<const kubernetes::Knowledge> known, const config::Config& config);

    // Pods of other nodes that have addresses. A pod of this node counts by its endpoint only.
    const std::vector<policy::EndpointView>& peers(const policy::Snapshot& snapshot);
    const policy::ClusterServices& services();
    // Changes with what the two return.
    std::uint64_t revision() const;

  private:
    using Revisions = std::array<std::uint64_t, 4>;

    policy::EndpointView peer_of(const kubernetes::Object& pod, const policy::Snapshot& snapshot) const;
    void make_services();

    std::shared_ptr<const kubernetes::Knowledge> known_;
    const config::Config& config_;
    std::string node_;
    std::vector<policy::EndpointView> peers_;
    Revisions peers_of_{};  // the revisions of which they were made
    std::uint64_t generation_ = 0;
    policy::ClusterServices services_;
    Revisions services_of_{};
};

}  // namespace namegate::node
