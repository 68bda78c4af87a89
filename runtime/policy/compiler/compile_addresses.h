// SPDX-License-Identifier: Apache-2.0
//
// Compiles the addresses and domains of numbered rules to entries of a compiled policy. Steps of compile(). Pure; errors are
// values.
#pragma once

#include <vector>

#include "policy/compiler/compile_rules.h"
#include "policy/compiler/rule_bits.h"
#include "policy/model/selection.h"

namespace namegate::policy {

struct AddressTables {
    std::vector<CidrEntry> cidrs;
    std::vector<PatternEntry> patterns;
    RuleBits with_domains;  // the rules that have a pattern
};

AddressTables compile_addresses(const std::vector<NumberedRule>& rules, Resolver& resolver, BitmapTable& bitmaps);

}  // namespace namegate::policy
