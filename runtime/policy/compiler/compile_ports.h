// SPDX-License-Identifier: Apache-2.0
//
// Compiles the protocols and ports of numbered rules to entries of a compiled policy. A step of compile(). Pure; cannot fail.
#pragma once

#include <vector>

#include "policy/compiler/compile_rules.h"
#include "policy/compiler/rule_bits.h"

namespace namegate::policy {

// Entries by protocol and destination port. For ICMP, the port is type << 8 | code.
std::vector<PortEntry> compile_destination_ports(const std::vector<NumberedRule>& rules, const EndpointFacts& self, BitmapTable& bitmaps);

// Entries by protocol and source port; empty if no rule matches source ports.
std::vector<PortEntry> compile_source_ports(const std::vector<NumberedRule>& rules, const EndpointFacts& self, BitmapTable& bitmaps);

}  // namespace namegate::policy
