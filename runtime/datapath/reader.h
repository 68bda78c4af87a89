// SPDX-License-Identifier: Apache-2.0
//
// What the tools show: copies of what the kernel's maps hold. Owns nothing; no lock needed; what changes
// while it is read may be missed or seen twice.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

IpAddress to_address(const ng_addr& addr);
ng_addr to_ng_addr(const IpAddress& address);

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
// Of one direction of an endpoint, one a rule; empty when it has none of its own.
Result<std::vector<ng_counter>> read_counters(Datapath& datapath, const ng_direction& direction);
Result<std::vector<std::pair<std::uint32_t, ng_iface>>> read_interfaces(Datapath& datapath);
// The endpoint to which the interface is bound; nothing: to none.
Result<std::optional<ng_iface>> read_interface(Datapath& datapath, std::uint32_t ifindex);
// The text of a pattern some policy has, "" when none has it any more.
Result<std::string> read_pattern_text(Datapath& datapath, std::uint64_t id);

// Is the flow within its idle time and not cut? `jiffies` as read_clock() gives it.
bool flow_is_live(const FlowEntry& flow, std::uint64_t jiffies, std::uint32_t hz);

// The rows of bpf/reasons.def, by number.
struct ReasonInfo {
    const char* name;
    const char* unit;
    const char* help;
};
std::span<const ReasonInfo> reasons();
// "unknown" for a number that is not there.
const char* reason_name(ng_reason reason);

}  // namespace namegate::datapath
