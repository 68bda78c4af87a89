// SPDX-License-Identifier: Apache-2.0
#include "datapath/grown_map.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace namegate::datapath {

Result<MapShape> shape_of(int map) {
    bpf_map_info info{};
    __u32 size = sizeof info;
    if (const int error = bpf_obj_get_info_by_fd(map, &info, &size); error != 0) {
        return sys_error("reading a map's description", -error);
    }
    return MapShape{info.type, info.key_size, info.value_size, info.map_flags, info.type == BPF_MAP_TYPE_ARRAY ? info.max_entries : 0};
}

bool has_grown(const MapShape& from, const MapShape& to) {
    MapShape longer = from;
    longer.value = to.value;
    return from.type != BPF_MAP_TYPE_ARRAY && from.value < to.value && longer == to;
}

Result<> copy_grown(int from, int to, Write how) {
    NG_ASSIGN(const MapShape source, shape_of(from));
    NG_ASSIGN(const MapShape target, shape_of(to));
    if (!has_grown(source, target)) {
        return Error(Code::kInternal, "the values of the map have not only grown");
    }
    Result<> result = ok();
    std::vector<std::uint8_t> value(target.value);
    NG_TRY(raw::for_each_batch(from, [&](const std::uint8_t* keys, const std::uint8_t* values, std::size_t count) {
        for (std::size_t i = 0; i < count && result; ++i) {
            std::memcpy(value.data(), values + i * source.value, source.value);
            const auto written = raw::update(to, keys + i * source.key, value.data(), how);
            result = written || written.error().sys_errno() == EEXIST ? ok() : written;
        }
    }));
    return result;
}

}  // namespace namegate::datapath
