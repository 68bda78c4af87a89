// SPDX-License-Identifier: Apache-2.0
//
// The rules of one endpoint and direction in order, with their origins: the first step of compile(). Plain values with
// pointers into the snapshot.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "policy/compiler/compile_named_ports.h"
#include "policy/compiler/compiled_policy.h"
#include "policy/model/own_side.h"
#include "policy/model/selection.h"

namespace namegate::policy {

// A part of a rule that matches Services: the addresses and ports of those whose endpoints the rule matches (E10), or of the Service that
// it names and its endpoints (E11).
struct ServicePart {
    std::vector<IpAddress> addresses;
    std::vector<std::pair<std::uint8_t, std::uint16_t>> ports;  // protocol and port; empty: all
};

// A compiled rule and its origin. `policy` and `rule` are null for the end of a tier and for the profile.
struct NumberedRule {
    CompiledRule compiled;
    const Policy* policy = nullptr;
    const Rule* rule = nullptr;
    std::optional<NamedPortPart> part;
    std::optional<ServicePart> services;
    // Addresses of Services that lead to endpoints which the rule excludes by notSelector.
    std::vector<IpAddress> excluded_services{};
    bool v4 = true;  // the local side and the protocol can match packets of this family
    bool v6 = true;
};

// Numbers the rules tier by tier (E2-E5). kExhausted: over a limit; the message names the policies.
Result<std::vector<NumberedRule>> number_rules(Resolver& resolver);

// kExhausted: more rules than can be enforced; the message names the policies.
Result<> check_limits(const std::vector<NumberedRule>& rules);

// "NetworkPolicy default/x, rule 3 (policies.d/x.yaml:12)", for errors.
std::string where(const NumberedRule& rule);

}  // namespace namegate::policy
