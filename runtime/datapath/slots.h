// SPDX-License-Identifier: Apache-2.0
//
// Slots: the index under which an endpoint has its own flows, learnt addresses and pending questions. To
// put inner maps into the outer ones waits for an RCU grace period, so slots are made ahead and kept
// empty, as spares, when an endpoint goes. No state of its own. Node lock held; errors leave the slot as
// it was or lost to its endpoint, never shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

inline constexpr std::uint32_t kMaxSpareSlots = 8;

struct SlotUse {
    std::uint32_t slot = 0;
    std::uint32_t endpoint = 0;
};

// A spare, or a new one; kExhausted when all NG_MAX_SLOTS are taken.
Result<std::uint32_t> acquire_slot(Datapath& datapath, std::uint32_t endpoint);
// Closes the slot, waits for the programs that may still read it, empties it, and keeps it as a spare or destroys it. Its
// interface must be unbound before. After a failure it is closed, and the endpoint's still.
Result<> release_slot(Datapath& datapath, std::uint32_t slot);
// Makes spares until there are `wanted` (at most kMaxSpareSlots).
Result<> ensure_spare_slots(Datapath& datapath, std::uint32_t wanted);
// Takes slots for endpoints of an older build, under the numbers they have there: their learnt addresses, flows and questions
// come along as the very maps that they are in, where the layout is the same. Returns what could not come and begins
// empty, for the log; kExists when a slot is another endpoint's.
Result<std::vector<std::string>> adopt_slots(Datapath& datapath, const OtherBuild& from, const std::vector<SlotUse>& uses);

Result<std::vector<SlotUse>> used_slots(Datapath& datapath);
// The endpoint that has it; nothing: it is free.
Result<std::optional<std::uint32_t>> slot_owner(Datapath& datapath, std::uint32_t slot);
Result<std::uint32_t> count_spare_slots(Datapath& datapath);

}  // namespace namegate::datapath
