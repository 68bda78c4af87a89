// SPDX-License-Identifier: Apache-2.0
//
// The verdict of a compiled policy on a packet, walked exactly as the kernel walks it. For the tools and the
// tests. Pure; safe from any thread; cannot fail.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/compiler/compiled_policy.h"

namespace namegate::policy {

struct PacketView {
    IpAddress remote;  // egress: the destination; ingress: the source
    std::uint8_t protocol = 6;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;  // ICMP: type << 8 | code
    // Names that opened the remote address: those it was resolved from, with their chains.
    std::vector<std::string> names;
    // Texts of patterns that opened it, as the kernel has learnt them; besides what the names open.
    std::vector<std::string> patterns{};
    // The remote address is not known, only its family: one that none of the policy's prefixes holds.
    bool outside_nets = false;
};

// Which rules take which part of a packet; those in all three are the ones that take it.
struct Candidates {
    Bitmap named;    // by a name that opened the address, whatever else they say of the address
    Bitmap address;  // by a prefix, or by a name and not refusing the address
    Bitmap port;     // by protocol and destination port
    Bitmap source_port;
    std::vector<DomainPattern> opened;  // patterns of the policy that opened the address
};

struct Verdict {
    bool allowed = false;
    std::size_t rule = 0;               // number of the rule that decided
    std::vector<std::size_t> passed;    // Pass rules followed on the way, in order
    std::vector<std::size_t> logged;    // Log rules met on the way
    std::vector<DomainPattern> opened;  // patterns of the policy that opened the address
};

Candidates find_candidates(const CompiledPolicy& policy, const PacketView& packet);
Verdict evaluate(const CompiledPolicy& policy, const PacketView& packet);

}  // namespace namegate::policy
