// SPDX-License-Identifier: Apache-2.0
//
// Copies of the content of the kernel's maps, for the tools. Owns nothing and needs no lock. Entries that change during
// the read may be missed or returned twice.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

struct LearntEntry {
    IpAddress address;
    ng_learnt value{};
};
struct FlowEntry {
    IpAddress remote;
    ng_flow_key key{};
    ng_flow value{};
};
using Stats = std::array<std::uint64_t, NG_R_COUNT>;  // by enum ng_reason

Result<std::vector<LearntEntry>> read_learnt(Datapath& datapath, std::uint32_t slot);
Result<std::vector<FlowEntry>> read_flows(Datapath& datapath, std::uint32_t slot);
Result<Stats> read_stats(Datapath& datapath, std::uint32_t slot);
// The counters of one direction of an endpoint, one per rule; empty when it uses the shared counter.
Result<std::vector<ng_counter>> read_counters(Datapath& datapath, const ng_direction& direction);
Result<std::vector<std::pair<std::uint32_t, ng_iface>>> read_interfaces(Datapath& datapath);
// The endpoint to which the interface is bound, or nullopt.
Result<std::optional<ng_iface>> read_interface(Datapath& datapath, std::uint32_t ifindex);
// The text of a pattern, or "" when no policy has it any more.
Result<std::string> read_pattern_text(Datapath& datapath, std::uint64_t id);

// Whether the flow has not timed out and is not cut. `jiffies` is from read_clock().
bool flow_is_live(const FlowEntry& flow, std::uint64_t jiffies, std::uint32_t hz);

}  // namespace namegate::datapath
