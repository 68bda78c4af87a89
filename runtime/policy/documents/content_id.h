// SPDX-License-Identifier: Apache-2.0
//
// Which content a document had: enough to tell whether it has another one, in this process or a later one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/checksum.h"

namespace namegate::policy {

struct ContentId {
    std::uint64_t hash = 0;
    std::size_t size = 0;

    bool operator==(const ContentId&) const = default;
};

inline ContentId id_of(std::string_view content) { return {checksum_of(content), content.size()}; }

}  // namespace namegate::policy
