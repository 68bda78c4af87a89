// SPDX-License-Identifier: Apache-2.0
//
// The catalogue of compiled policies in the map `policies`. Owns nothing.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/result.h"
#include "datapath/loader.h"
#include "datapath/map.h"

namespace namegate::datapath {

using Catalogue = std::vector<std::pair<std::uint32_t, ng_policy>>;  // by id, in no order

inline Result<Catalogue> read_catalogue(Datapath& datapath) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kPolicies));
    return map_entries<std::uint32_t, ng_policy>(fd);
}

// An incomplete entry is being written or removed, or its writer died. It must not be used as a policy.
inline bool is_complete(const ng_policy& entry) { return entry.content[0] != 0 || entry.content[1] != 0; }

}  // namespace namegate::datapath
