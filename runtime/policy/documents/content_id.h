// SPDX-License-Identifier: Apache-2.0
//
// Identifies the content of a document, to detect changes, also since an earlier process. Not collision-resistant. Plain value.
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
