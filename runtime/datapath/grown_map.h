// SPDX-License-Identifier: Apache-2.0
//
// Copies entries from a map of an older layout to one of this layout whose values have further fields at their end (abi.h). Owns
// nothing. Any thread. Not for arrays of several elements in a value, whose elements move.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "datapath/map.h"

namespace namegate::datapath {

struct MapShape {
    std::uint32_t type = 0;
    std::uint32_t key = 0;    // bytes
    std::uint32_t value = 0;  // bytes
    std::uint32_t flags = 0;
    std::uint32_t entries = 0;  // of an array; 0 for other types, which may differ in size

    bool operator==(const MapShape&) const = default;
};
Result<MapShape> shape_of(int map);
// Whether the entries of a map with the one shape can be copied to one with the other.
bool has_grown(const MapShape& from, const MapShape& to);

// The further fields are 0. kOnlyNew: entries that exist in `to` stay as they are. A full map that does not evict is an error.
Result<> copy_grown(int from, int to, Write how);

}  // namespace namegate::datapath
