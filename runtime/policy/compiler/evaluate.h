// SPDX-License-Identifier: Apache-2.0
//
// Evaluates a compiled policy for a packet exactly as the kernel program does. For the tools and the tests. Pure; safe from
// any thread; cannot fail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/compiler/compiled_policy.h"

namespace namegate::policy {

struct PacketView {
    IpAddress remote;  // egress: the destination; ingress: the source
    std::uint8_t protocol = 6;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;  // ICMP: type << 8 | code
    // The names that opened the remote address: those that resolve to it, with their chains.
    std::vector<std::string> names;
    // The texts of further patterns that opened it, as recorded in the kernel.
    std::vector<std::string> patterns{};
    // Only the family of the remote address is known; no prefix of the policy except 0.0.0.0/0 or ::/0 contains it.
    bool outside_nets = false;
    // The TLS name that the TCP connection showed, normalised; none: it is not known yet.
    std::optional<std::string> tls_name{};
    bool to_trusted_server = false;  // the packet goes to a DNS port of a trusted server: TLS names do not concern it (T2)
};

// The rules that match each part of a packet. Those in `address`, `port` and `source_port` match the packet.
struct Candidates {
    Bitmap named;    // match by a name that opened the address, even if they exclude the address
    Bitmap shown;    // those of them that the TLS name leaves; all if it is not known, or does not concern the packet
    Bitmap nets;     // match by a prefix
    Bitmap address;  // match by a prefix, or by a name that is left without excluding the address
    Bitmap port;     // match by protocol and destination port
    Bitmap source_port;
    std::vector<DomainPattern> opened;  // patterns of the policy that opened the address
};

// What TLS names mean for a packet that a rule allows by a domain.
enum class TlsOutcome : std::uint8_t {
    kFree,   // nothing: the rule does not bind, or not this packet
    kBound,  // the connection is allowed if it shows a TLS name that the rule's domains match, or, if known, because it showed one (T3)
    kCannotShow,  // denied: QUIC, or another protocol that cannot show a TLS name (T5)
};

struct Verdict {
    bool allowed = false;
    std::size_t rule = 0;               // number of the rule that decided
    std::vector<std::size_t> passed;    // Pass rules that matched, in order
    std::vector<std::size_t> logged;    // Log rules that matched, in order
    std::vector<DomainPattern> opened;  // patterns of the policy that opened the address
    TlsOutcome tls = TlsOutcome::kFree;
};

Candidates find_candidates(const CompiledPolicy& policy, const PacketView& packet);
Verdict evaluate(const CompiledPolicy& policy, const PacketView& packet);

}  // namespace namegate::policy
