// SPDX-License-Identifier: Apache-2.0
//
// What the staged policies would make of the packets that `namegatectl monitor` shows. Owns the compiled previews of the
// endpoints that had events, until policies or endpoints change; empty when nobody follows. Bounded in previews and in
// work: what finds no room is told as such, not left out. Changes nothing. The daemon's thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "api/protocol.h"
#include "daemon/events/work_budget.h"
#include "daemon/node.h"
#include "datapath/bpf/abi.h"
#include "node/programmer.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxPreviews = 128;  // endpoints and directions whose preview is kept
// Each 0.1 s: so many verdicts, or previews in their place.
inline constexpr std::uint64_t kStagedStretchNs = 100'000'000;
inline constexpr std::uint64_t kStagedUnits = 256;
inline constexpr std::uint64_t kPreviewUnits = 64;

class StagedEvents {
  public:
    explicit StagedEvents(Node& node) : node_(node), budget_(node.clock(), kStagedStretchNs, kStagedUnits) {}

    // {allowed, rule, byStaged} or {error}; null when no staged policy concerns the packet, or the event is of no packet.
    api::Json verdict(const ng_event& event);
    // Nobody follows any more.
    void clear() { previews_.clear(); }
    std::size_t previews() const { return previews_.size(); }

  private:
    struct Preview {
        node::CompiledRef compiled;  // null: no staged policy concerns the endpoint, unless there is an error
        std::string error;
        std::uint64_t used = 0;  // when, in calls
    };
    using Key = std::pair<std::uint32_t, std::uint8_t>;  // endpoint, direction

    void drop_outdated();
    // Null: there is no room for the work now.
    const Preview* preview_of(const endpoints::Record& record, std::uint8_t direction);

    Node& node_;
    WorkBudget budget_;
    std::map<Key, Preview> previews_;
    std::uint64_t revision_ = 0;
    bool any_staged_ = false;  // some policy of this revision is
    std::uint64_t calls_ = 0;
};

}  // namespace namegate::daemon
