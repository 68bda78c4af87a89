// SPDX-License-Identifier: Apache-2.0
//
// The rules of one endpoint and direction in order, with their origins: the first step of compile(). Plain values with
// pointers into the snapshot.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/compiler/compile_named_ports.h"
#include "policy/compiler/compiled_policy.h"
#include "policy/model/own_side.h"
#include "policy/model/selection.h"

namespace namegate::policy {

// A compiled rule and its origin. `policy` and `rule` are null for the end of a tier and for the profile.
struct NumberedRule {
    CompiledRule compiled;
    const Policy* policy = nullptr;
    const Rule* rule = nullptr;
    std::optional<NamedPortPart> part;
    bool v4 = true;  // the local side and the protocol can match packets of this family
    bool v6 = true;
};

// Numbers the rules tier by tier (E2-E5). kExhausted: over a limit; the message names the policies.
Result<std::vector<NumberedRule>> number_rules(Resolver& resolver);

// "NetworkPolicy default/x, rule 3 (policies.d/x.yaml:12)", for errors.
std::string where(const NumberedRule& rule);

}  // namespace namegate::policy
