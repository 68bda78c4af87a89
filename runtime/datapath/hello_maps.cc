// SPDX-License-Identifier: Apache-2.0
#include "datapath/hello_maps.h"

#include "base/fd.h"
#include "datapath/inner_map.h"
#include "datapath/map.h"

namespace namegate::datapath {

namespace {

constexpr InnerMap kOnDemand[] = {
#define NG_MAP(...)
#define NG_RING(...)
#define NG_MAP_OF_MAPS(...)
#define NG_MAP_ON_DEMAND(id, name, type, key, value, entries, flags, outer_entries) \
    {MapId::k##id, #name "_inner", type, sizeof(key), sizeof(value), entries, flags},
#include "datapath/bpf/maps.def"
#undef NG_MAP
#undef NG_RING
#undef NG_MAP_OF_MAPS
#undef NG_MAP_ON_DEMAND
};

// The size of the pool is there before the pool is.
Result<> ensure_inner(Datapath& datapath, InnerMap inner, std::uint32_t index) {
    const auto there = datapath.inner_map(inner.outer, index);
    if (there || there.error().code() != Code::kNotFound) {
        return there ? ok() : Result<>(there.error());
    }
    if (inner.outer == MapId::kHelloBuffers) {
        inner.entries = datapath.options().hello_buffers;
        NG_ASSIGN(const int shares, datapath.map(MapId::kHelloShares));
        NG_TRY(map_update(shares, std::uint32_t{NG_HELLO_POOL}, inner.entries));
    }
    NG_ASSIGN(const int outer, datapath.map(inner.outer));
    NG_ASSIGN(const Fd fd, make_inner_map(inner));
    return map_update(outer, index, static_cast<std::uint32_t>(fd.get()));
}

}  // namespace

Result<> ensure_hello_table(Datapath& datapath, std::uint32_t slot) {
    for (const InnerMap& inner : kOnDemand) {
        NG_TRY(ensure_inner(datapath, inner, inner.outer == MapId::kHellos ? slot : 0));
    }
    return ok();
}

Result<> remove_hello_table(Datapath& datapath, std::uint32_t slot) {
    const auto there = datapath.inner_map(MapId::kHellos, slot);
    if (!there) {
        return there.error().code() == Code::kNotFound ? ok() : Result<>(there.error());
    }
    NG_ASSIGN(const int outer, datapath.map(MapId::kHellos));
    const auto erased = map_erase(outer, slot);
    return erased ? ok() : Result<>(erased.error());
}

}  // namespace namegate::datapath
