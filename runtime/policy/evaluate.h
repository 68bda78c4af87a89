// SPDX-License-Identifier: Apache-2.0
//
// The verdict of a compiled policy on a packet, walked exactly as the kernel walks it. For the tools and
// the tests. Pure; safe from any thread; cannot fail.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/compiled_policy.h"

namespace namegate::policy {

struct PacketView {
    IpAddress remote;  // egress: the destination; ingress: the source
    std::uint8_t protocol = 6;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;  // ICMP: type << 8 | code
    // Names that opened the remote address: those it was resolved from, with their chains.
    std::vector<std::string> names;
};

struct Verdict {
    bool allowed = false;
    std::size_t rule = 0;               // number of the rule that decided
    std::vector<std::size_t> passed;    // Pass rules followed on the way, in order
    std::vector<std::size_t> logged;    // Log rules met on the way
    std::vector<DomainPattern> opened;  // patterns of the policy that match one of the names
};

Verdict evaluate(const CompiledPolicy& policy, const PacketView& packet);

}  // namespace namegate::policy
