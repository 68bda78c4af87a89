// SPDX-License-Identifier: Apache-2.0
//
// Services in rules of egress. A packet to a Service reaches one of its endpoints, which the node chooses after policy was applied. So the
// address and port of a Service are matched by an Allow rule that selects pods exactly when the rule matches all of its ready endpoints
// (E10), and by a Deny rule when it matches one. A rule that names a Service matches its addresses and its endpoints (E11). A step of
// compile(). Pure; errors are values.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "policy/compiler/compile_rules.h"
#include "policy/compiler/compiled_policy.h"
#include "policy/model/service_view.h"

namespace namegate::policy {

// Compiled rules of one rule that are for Services. Of an Allow rule, further Services stay denied; one that denies gets a wider part.
inline constexpr std::size_t kMaxServiceParts = 64;

// What the rules match without Services.
struct MatchTables {
    const std::vector<CidrEntry>& cidrs;
    const std::vector<PortEntry>& ports;
    const std::vector<Bitmap>& bitmaps;
};

// Whether any of the rules concerns Services.
bool concerns_services(const std::vector<NumberedRule>& rules, Direction direction);

// Adds the parts for Services after each rule. Returns what is matched in part. kLabelsUnknown: a rule that takes something away depends
// on what is not known. kExhausted: more rules than can be enforced.
Result<std::vector<PartlyMatched>> add_service_parts(std::vector<NumberedRule>& rules, const MatchTables& tables,
                                                     const ClusterServices& services);

}  // namespace namegate::policy
