// SPDX-License-Identifier: Apache-2.0
//
// Room in a table: the first gap between the extents in use. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace namegate::datapath {

struct Extent {
    std::uint32_t base = 0;
    std::uint32_t size = 0;
};

// The lowest base at or above `first` with `size` free places below `end`.
inline std::optional<std::uint32_t> find_room(std::vector<Extent> used, std::uint32_t size, std::uint32_t first, std::uint32_t end) {
    std::sort(used.begin(), used.end(), [](const Extent& a, const Extent& b) { return a.base < b.base; });
    std::uint64_t at = first;
    for (const Extent& extent : used) {
        if (extent.size == 0) {
            continue;
        }
        if (extent.base >= at && extent.base - at >= size) {
            break;
        }
        at = std::max<std::uint64_t>(at, std::uint64_t{extent.base} + extent.size);
    }
    return at + size <= end ? std::optional<std::uint32_t>(static_cast<std::uint32_t>(at)) : std::nullopt;
}

}  // namespace namegate::datapath
