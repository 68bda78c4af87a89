// SPDX-License-Identifier: Apache-2.0
#include "datapath/counter_room.h"

#include "datapath/endpoint_writer.h"
#include "datapath/map.h"
#include "datapath/reader.h"

namespace namegate::datapath {

namespace {

Result<> zero_counters(Datapath& datapath, const Extent& extent) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kCounters));
    std::vector<std::uint32_t> keys(extent.size);
    for (std::uint32_t i = 0; i < extent.size; ++i) {
        keys[i] = extent.base + i;
    }
    const std::vector<ng_counter> zeros(keys.size() * raw::possible_cpus());
    return raw::update_many(fd, keys.data(), zeros.data(), keys.size());
}

// The active configurations of bound interfaces: only these use counters. Most nodes have few of them, so this is cheaper
// than reading every slot.
Result<std::vector<ng_endpoint_config>> bound_configs(Datapath& datapath) {
    NG_ASSIGN(const auto interfaces, read_interfaces(datapath));
    std::vector<ng_endpoint_config> configs;
    configs.reserve(interfaces.size());
    for (const auto& interface : interfaces) {
        NG_ASSIGN(const auto config, active_config(datapath, interface.second.slot));
        if (config) {
            configs.push_back(*config);
        }
    }
    return configs;
}

}  // namespace

Result<> CounterRoom::scan() {
    NG_ASSIGN(const auto configs, bound_configs(datapath_));
    used_ = Extents();
    for (const Extent& extent : taken_) {
        used_.add(extent);
    }
    for (const auto& config : configs) {
        for (const ng_direction& direction : config.direction) {
            if (direction.counter_base != 0) {
                used_.add({direction.counter_base, direction.n_rules});
            }
        }
    }
    scanned_ = true;
    return ok();
}

Result<std::optional<std::uint32_t>> CounterRoom::take(std::uint32_t size) {
    const bool fresh = !scanned_;
    if (fresh) {
        NG_TRY(scan());
    }
    auto base = used_.find_room(size, 1, NG_COUNTER_TABLE);
    if (!base && !fresh) {
        NG_TRY(scan());
        base = used_.find_room(size, 1, NG_COUNTER_TABLE);
    }
    if (base) {
        used_.add({*base, size});
        taken_.push_back({*base, size});
        NG_TRY(zero_counters(datapath_, {*base, size}));
    }
    return base;
}

}  // namespace namegate::datapath
