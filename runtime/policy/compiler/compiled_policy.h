// SPDX-License-Identifier: Apache-2.0
//
// A compiled policy: numbered rules and, for each property of a packet, bitmaps of the rules that match it. compile()
// creates it, the datapath writes it to the kernel and the tools evaluate it. Immutable, so safe to share between threads.
//
// The verdict, where `cidr` is the entry of `cidrs` with the longest prefix that contains the remote address:
//
//   address = cidr.match | (bits of the patterns that opened the address & ~cidr.exclude)
//   matches = address & bits of protocol and destination port & bits of protocol and source port, if `source_ports` has entries
//
// The lowest set bit is the rule that decides. kLog continues with the next set bit, kPass with the first set bit at or above
// `next`. The last rule is the profile (E5) or the end of a tier, so some rule always matches.
//
// A TCP connection that a rule with `tls` allows by a pattern has to show a TLS server name. It is then judged again: of the bits of a
// pattern that does not match the name, those in `bound` do not count. evaluate() says what becomes of other protocols.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "datapath/bpf/abi_limits.h"
#include "policy/compiler/rule_origin.h"
#include "policy/model/dns_queries.h"
#include "policy/model/domain_pattern.h"
#include "policy/model/rule_terms.h"
#include "policy/model/tls_names.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxCompiledRules = NG_MAX_RULES;  // ends of tiers and profile included
inline constexpr std::size_t kMaxPassAndLogRules = 24;
static_assert(kMaxPassAndLogRules < NG_MAX_VERDICT_STEPS);

struct CompiledRule {
    RuleAction action = RuleAction::kDeny;
    std::uint16_t next = 0;  // kPass: number of the first rule of the next tier (or the profile)
    RuleOrigin origin;
    TlsBinding tls;  // binds only a rule with patterns
};

// One bit for each rule; bit 0 of word 0 is rule 0. All bitmaps of a policy have the same number of words.
using Bitmap = std::vector<std::uint64_t>;
inline bool has_rule(const Bitmap& bits, std::size_t rule) { return (bits[rule / 64] >> (rule % 64) & 1U) != 0; }
using BitmapIndex = std::uint32_t;  // into CompiledPolicy::bitmaps; 0 is the empty bitmap

// The rules that match an address whose longest prefix in the policy is this one.
struct CidrEntry {
    IpPrefix prefix;  // of either family; 0.0.0.0/0 and ::/0 are always present
    BitmapIndex match = 0;
    // Rules with domains that exclude the address (nets, notNets, notSelector, another family): cleared in the bits of the
    // patterns that opened it. 0.0.0.0/0 and ::/0 can have it too.
    BitmapIndex exclude = 0;
};

// The rules that match a protocol and port whose longest port prefix is this one.
struct PortEntry {
    bool any_protocol = false;     // the entry for protocols without entries; exactly one
    std::uint8_t protocol = 0;     // IP protocol number
    std::uint8_t prefix_bits = 0;  // 0: any port of the protocol; 16: exactly `port`
    std::uint16_t port = 0;        // host byte order; ICMP: type << 8 | code
    BitmapIndex bitmap = 0;
};

// The rules of a domain pattern: they match the addresses that it opened. Each pattern occurs once; they are sorted.
struct PatternEntry {
    DomainPattern pattern;
    BitmapIndex bitmap = 0;
};

// A Service that a rule matches in part: it selects some of the endpoints of this address and port, and not all (E10).
struct PartlyMatched {
    std::string policy_kind;  // of the rule, as in its origin
    std::string policy_name;
    int rule_index = -1;
    std::string service;  // "shop/db"
    IpAddress address;
    std::uint8_t protocol = 0;
    std::uint16_t port = 0;
    std::string outside;  // the first endpoint that the rule does not match: "shop/db-1 (10.0.0.3:5432)"
    std::size_t outside_count = 0;
    std::size_t endpoints = 0;

    // "it matches Service shop/db in part: 1 of 3 endpoints is outside of the rule, shop/db-1 (10.0.0.3:5432)"
    std::string text() const;
    bool operator==(const PartlyMatched&) const = default;
};
inline constexpr std::size_t kMaxPartlyMatched = 256;

struct CompiledPolicy {
    Direction direction = Direction::kEgress;
    std::vector<CompiledRule> rules;
    std::vector<Bitmap> bitmaps;  // deduplicated; [0] is empty
    std::vector<CidrEntry> cidrs;
    std::vector<PortEntry> ports;         // by destination port
    std::vector<PortEntry> source_ports;  // empty: no rule matches source ports
    std::vector<PatternEntry> patterns;
    BitmapIndex bound = 0;              // the rules whose `tls` binds
    DnsDemand dns;                      // of the policies that select the endpoint
    std::vector<PartlyMatched> partly;  // for people; at most kMaxPartlyMatched
    // Hash of all of the above except the origins, `dns` and `partly`. Policies with equal content share one copy in the kernel.
    std::array<std::uint64_t, 2> content_hash{};

    std::size_t words() const { return (rules.size() + 63) / 64; }
};

}  // namespace namegate::policy
