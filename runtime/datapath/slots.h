// SPDX-License-Identifier: Apache-2.0
//
// A slot is the index under which an endpoint has its own flows, learned addresses and pending queries. Putting
// an inner map into an outer one waits for an RCU grace period, so spare slots are prepared in advance, and
// the slot of a deleted endpoint is emptied and becomes a spare. No state of its own. The caller holds the
// node lock. After an error a slot is unchanged or belongs to no new endpoint; two endpoints never share one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "datapath/loader.h"
#include "datapath/map.h"

namespace namegate::datapath {

inline constexpr std::uint32_t kMaxSpareSlots = 8;

struct SlotUse {
    std::uint32_t slot = 0;
    std::uint32_t endpoint = 0;
};

// Returns a spare, or a new slot; kExhausted: all NG_MAX_SLOTS are in use.
Result<std::uint32_t> acquire_slot(Datapath& datapath, std::uint32_t endpoint);
// Closes the slot, waits for the programs that may still read it, empties it, and keeps it as a spare or destroys its maps.
// The interface must already be unbound. After a failure the slot is closed and still belongs to the endpoint.
Result<> release_slot(Datapath& datapath, std::uint32_t slot);
// Prepares spares until there are `wanted`, at most kMaxSpareSlots.
Result<> ensure_spare_slots(Datapath& datapath, std::uint32_t wanted);
// Adopts endpoints of an older build under the slot numbers they have there. If the layout is the same, their maps of
// learned addresses, flows and pending queries are used as they are. If the values of a map have only grown, its entries are
// copied. Returns, for the log, the names of the maps that
// could not be adopted and begin empty. kExists: a slot belongs to another endpoint.
Result<std::vector<std::string>> adopt_slots(Datapath& datapath, const OtherBuild& from, const std::vector<SlotUse>& uses);

// Copies the entries of those maps of the slot whose values have grown. The older programs go on changing them until the interface
// is switched, so this is called once more before that, and after it with kOnlyNew. Does nothing for maps that are shared.
Result<> copy_grown_maps(Datapath& datapath, const OtherBuild& from, std::uint32_t slot, Write how);

Result<std::vector<SlotUse>> used_slots(Datapath& datapath);
// The endpoint that uses the slot, or nullopt when the slot is free.
Result<std::optional<std::uint32_t>> slot_owner(Datapath& datapath, std::uint32_t slot);
Result<std::uint32_t> count_spare_slots(Datapath& datapath);

}  // namespace namegate::datapath
