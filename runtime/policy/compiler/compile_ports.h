// SPDX-License-Identifier: Apache-2.0
//
// Protocols and ports of numbered rules, as the entries of a compiled policy. A step of compile().
#pragma once

#include <vector>

#include "policy/compiler/compile_rules.h"
#include "policy/compiler/rule_bits.h"

namespace namegate::policy {

// By destination port, with the protocols; ICMP types and codes stand in for ports.
std::vector<PortEntry> compile_destination_ports(const std::vector<NumberedRule>& rules, const EndpointFacts& self, BitmapTable& bitmaps);

// By source port; empty when no rule looks at it.
std::vector<PortEntry> compile_source_ports(const std::vector<NumberedRule>& rules, const EndpointFacts& self, BitmapTable& bitmaps);

}  // namespace namegate::policy
