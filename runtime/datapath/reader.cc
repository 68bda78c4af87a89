// SPDX-License-Identifier: Apache-2.0
#include "datapath/reader.h"

#include <netinet/in.h>

#include "datapath/address.h"
#include "datapath/map.h"
#include "datapath/pattern_id.h"

namespace namegate::datapath {

namespace {

std::int64_t idle_seconds(const FlowEntry& flow) {
    if ((flow.value.flags & NG_FLOW_CLOSING) != 0) {
        return NG_IDLE_CLOSING;
    }
    return flow.key.protocol == IPPROTO_TCP ? NG_IDLE_TCP : NG_IDLE_OTHER;
}

}  // namespace

Result<std::vector<LearntEntry>> read_learnt(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const Fd inner, datapath.inner_map(MapId::kLearnt, slot));
    NG_ASSIGN(const auto raw_entries, (map_entries<ng_addr, ng_learnt>(inner.get())));
    std::vector<LearntEntry> entries;
    entries.reserve(raw_entries.size());
    for (const auto& entry : raw_entries) {
        entries.push_back({to_address(entry.first), entry.second});
    }
    return entries;
}

Result<std::vector<FlowEntry>> read_flows(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const Fd inner, datapath.inner_map(MapId::kFlows, slot));
    NG_ASSIGN(const auto raw_entries, (map_entries<ng_flow_key, ng_flow>(inner.get())));
    std::vector<FlowEntry> entries;
    entries.reserve(raw_entries.size());
    for (const auto& entry : raw_entries) {
        entries.push_back({to_address(entry.first.remote), entry.first, entry.second});
    }
    return entries;
}

Result<Stats> read_stats(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kStats));
    Stats stats{};
    std::vector<std::uint64_t> per_cpu(raw::possible_cpus());
    for (std::uint32_t reason = 0; reason < NG_R_COUNT; ++reason) {
        const std::uint32_t key = slot * NG_STATS_STRIDE + reason;
        NG_ASSIGN(const bool found, raw::lookup(fd, &key, per_cpu.data()));
        if (!found) {
            return Error(Code::kInvalidInput, "slot " + std::to_string(slot) + " does not exist");
        }
        for (const std::uint64_t value : per_cpu) {
            stats[reason] += value;
        }
    }
    return stats;
}

Result<std::vector<ng_counter>> read_counters(Datapath& datapath, const ng_direction& direction) {
    std::vector<ng_counter> counters;
    if (direction.policy == 0 || direction.counter_base == 0) {
        return counters;
    }
    NG_ASSIGN(const int fd, datapath.map(MapId::kCounters));
    std::vector<ng_counter> per_cpu(raw::possible_cpus());
    for (std::uint32_t rule = 0; rule < direction.n_rules; ++rule) {
        const std::uint32_t key = direction.counter_base + rule;
        ng_counter sum{};
        NG_ASSIGN(const bool found, raw::lookup(fd, &key, per_cpu.data()));
        if (found) {
            for (const ng_counter& counter : per_cpu) {
                sum.packets += counter.packets;
                sum.flows += counter.flows;
            }
        }
        counters.push_back(sum);
    }
    return counters;
}

Result<std::vector<std::pair<std::uint32_t, ng_iface>>> read_interfaces(Datapath& datapath) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kIfaces));
    return map_entries<std::uint32_t, ng_iface>(fd);
}

Result<std::optional<ng_iface>> read_interface(Datapath& datapath, std::uint32_t ifindex) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kIfaces));
    return map_lookup<ng_iface>(fd, ifindex);
}

Result<std::string> read_pattern_text(Datapath& datapath, std::uint64_t id) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kSuffixes));
    const std::uint64_t key = pattern_hash(id);
    NG_ASSIGN(const auto suffix, map_lookup<ng_suffix>(fd, key));
    return suffix ? pattern_text(id, *suffix) : std::string();
}

bool flow_is_live(const FlowEntry& flow, std::uint64_t jiffies, std::uint32_t hz) {
    if ((flow.value.flags & NG_FLOW_CUT) != 0) {
        return false;
    }
    const auto idle = static_cast<std::int32_t>(static_cast<std::uint32_t>(jiffies) - flow.value.last_seen);
    return idle < idle_seconds(flow) * static_cast<std::int64_t>(hz);
}

}  // namespace namegate::datapath
