// SPDX-License-Identifier: Apache-2.0
//
// The reply to GET /api/v1/graph (docs/page.md): the endpoints, what is known of the node, and the connections that changed since the
// reader's last reply. A reply has a limited number of connections and says whether there are more, so that its size and the time to
// make it are limited. Owns what it keeps of endpoints and node between replies; node and connections outlive it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/node.h"
#include "daemon/page/connections.h"
#include "daemon/page/page_warnings.h"

namespace namegate::daemon {

inline constexpr std::size_t kConnectionsPerReply = 2048;
inline constexpr std::uint64_t kEndpointsKeptNs = 1'000'000'000;  // from one reading of the endpoints and problems to the next
inline constexpr std::size_t kMaxSinceBytes = 64;

class GraphReply {
  public:
    GraphReply(Node& node, Connections& connections);
    // Without it there are no warnings. It outlives this object.
    void use_warnings(PageWarnings& warnings) { warnings_ = &warnings; }

    // `since`: `sequence` of the reader's last reply; empty or of another daemon: it gets everything. `loading`: more will follow at
    // once, although nothing has changed yet.
    std::string make(std::string_view since, bool loading);

  private:
    // The number in `since`. None: it is not a sequence of this daemon.
    std::optional<std::uint64_t> number_of(std::string_view since) const;
    void refresh();
    std::string write_endpoints();
    std::string write_node() const;

    Node& node_;
    Connections& connections_;
    std::string epoch_;  // of this daemon
    std::string recorded_since_;
    std::string endpoints_;  // JSON
    std::uint64_t endpoints_changed_ = 0;
    std::uint64_t endpoints_boot_ns_ = 0;
    std::string node_facts_;  // JSON
    PageWarnings* warnings_ = nullptr;
};

}  // namespace namegate::daemon
