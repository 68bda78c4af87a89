// SPDX-License-Identifier: Apache-2.0
//
// What holds for the DNS queries of all endpoints whose queries are judged (D19 to D22). Node lock held. What cannot be written
// stays as it was.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "datapath/loader.h"
#include "policy/model/domain_pattern.h"

namespace namegate::datapath {

struct QueryRules {
    std::vector<std::uint16_t> types;           // record types that may be asked for
    std::vector<policy::DomainPattern> always;  // exact names; these and the names below them may be asked for
    bool refuse = false;                        // answer REFUSED instead of NXDOMAIN
    std::uint32_t new_names = 0;                // of an endpoint in a minute; 0: no limit
};

// kInvalidInput for more than NG_QUERY_TYPES types or NG_ALWAYS_ALLOWED names.
Result<> set_query_rules(Datapath& datapath, const QueryRules& rules);

}  // namespace namegate::datapath
