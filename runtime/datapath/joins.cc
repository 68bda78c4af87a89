// SPDX-License-Identifier: Apache-2.0
#include "datapath/joins.h"

#include <cstddef>

#include "datapath/clock.h"
#include "datapath/map.h"
#include "datapath/pattern_id.h"

namespace namegate::datapath {

Result<> await_name(Datapath& datapath, const OpenChain& chain, std::uint32_t now_tick) {
    NG_ASSIGN(const int map, datapath.map(MapId::kJoins));
    const std::uint64_t name = hash_labels(datapath.seed(), chain.labels) | 1;
    const std::uint32_t index = chain.slot * NG_JOIN_SETS + (static_cast<std::uint32_t>(name >> 32) & (NG_JOIN_SETS - 1));
    NG_ASSIGN(const auto known, map_lookup<ng_join_set>(map, index));
    ng_join_set set = known.value_or(ng_join_set{});
    const auto left = [&](const ng_join& join) {
        return join.endpoint == chain.endpoint && tick_after(join.until, now_tick) ? join.until - now_tick : 0U;
    };
    std::size_t place = 0;
    for (std::size_t i = 0; i < NG_JOIN_WAYS; ++i) {
        if (set.way[i].name == name && left(set.way[i]) != 0) {
            place = i;
            break;
        }
        if (left(set.way[i]) < left(set.way[place])) {
            place = i;
        }
    }
    set.way[place] = {name, chain.endpoint, chain.until};
    return map_update(map, index, set);
}

}  // namespace namegate::datapath
