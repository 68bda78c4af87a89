// SPDX-License-Identifier: Apache-2.0
//
// Free space in a table: keeps the extents in use and finds gaps between them. Value type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace namegate::datapath {

struct Extent {
    std::uint32_t base = 0;
    std::uint32_t size = 0;
};

class Extents {
  public:
    void add(const Extent& extent) {
        if (extent.size > 0) {
            const auto before = [](const Extent& a, const Extent& b) { return a.base < b.base; };
            used_.insert(std::upper_bound(used_.begin(), used_.end(), extent, before), extent);
            in_use_ += extent.size;
        }
    }
    std::size_t in_use() const { return in_use_; }

    // The lowest base at or above `first` with `size` free places below `end`.
    std::optional<std::uint32_t> find_room(std::uint32_t size, std::uint32_t first, std::uint32_t end) const {
        std::uint64_t at = first;
        for (const Extent& extent : used_) {
            if (extent.base >= at && extent.base - at >= size) {
                break;
            }
            at = std::max<std::uint64_t>(at, std::uint64_t{extent.base} + extent.size);
        }
        return at + size <= end ? std::optional<std::uint32_t>(static_cast<std::uint32_t>(at)) : std::nullopt;
    }

  private:
    std::vector<Extent> used_;  // by base
    std::size_t in_use_ = 0;
};

}  // namespace namegate::datapath
