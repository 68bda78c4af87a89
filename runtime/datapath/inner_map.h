// SPDX-License-Identifier: Apache-2.0
//
// The inner maps of the maps of maps in bpf/maps.def, and how one is made. Owns nothing.
#pragma once

#include <linux/bpf.h>

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

struct InnerMap {
    MapId outer = MapId::kCount;
    const char* name = "";
    bpf_map_type type = BPF_MAP_TYPE_UNSPEC;
    std::uint32_t key_bytes = 0;
    std::uint32_t value_bytes = 0;
    std::uint32_t entries = 0;
    std::uint32_t flags = 0;
};

Result<Fd> make_inner_map(const InnerMap& inner);

}  // namespace namegate::datapath
