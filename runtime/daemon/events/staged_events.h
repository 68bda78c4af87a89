// SPDX-License-Identifier: Apache-2.0
//
// The verdicts that staged policies would give for the packets and flows that a sink shows. Owns the compiled previews of
// endpoints that had events, until policies or endpoints change, or until nothing is shown. The number of previews and the
// amount of work are limited: above the limit the result is an error. Changes no state of the node. The daemon's thread; cannot
// fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "api/replies/event.h"
#include "daemon/events/event.h"
#include "daemon/events/work_budget.h"
#include "daemon/node.h"
#include "node/programmer.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxPreviews = 128;  // one for each endpoint and direction
// Work in each 0.1 s: a verdict costs 1 unit, a preview kPreviewUnits.
inline constexpr std::uint64_t kStagedIntervalNs = 100'000'000;
inline constexpr std::uint64_t kStagedUnits = 256;
inline constexpr std::uint64_t kPreviewUnits = 64;

struct StagedVerdict {
    bool allowed = false;
    policy::RuleOrigin origin;  // of the rule that would decide
    std::string error;          // why there is no verdict; empty: there is one
};

class StagedEvents {
  public:
    explicit StagedEvents(Node& node) : node_(node), budget_(node.clock(), kStagedIntervalNs, kStagedUnits) {}

    // Empty if no staged policy concerns the packet, or the event is neither about a packet nor about a new flow.
    std::optional<StagedVerdict> judge(const Event& event);
    // The same, as streams get it.
    std::optional<api::StagedItem> verdict(const Event& event);
    // Drops all previews. For when nothing is shown.
    void clear() { previews_.clear(); }
    std::size_t previews() const { return previews_.size(); }

  private:
    struct Preview {
        node::CompiledRef compiled;  // null: no staged policy concerns the endpoint, unless there is an error
        std::string error;
        std::uint64_t used = 0;  // the value of calls_ at the last use
    };
    using Key = std::pair<std::uint32_t, policy::Direction>;  // endpoint

    void drop_outdated();
    // Null: the work budget is spent.
    const Preview* preview_of(const endpoints::Record& record, policy::Direction direction);

    Node& node_;
    WorkBudget budget_;
    std::map<Key, Preview> previews_;
    std::uint64_t revision_ = 0;
    bool any_staged_ = false;  // for this revision
    std::uint64_t calls_ = 0;
};

}  // namespace namegate::daemon
