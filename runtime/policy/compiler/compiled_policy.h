// SPDX-License-Identifier: Apache-2.0
//
// What a policy means to a packet: numbered rules and, for each thing a packet can be asked about, the set
// of rules that it satisfies, as bitmaps. Made by compile(), written to the kernel by the datapath, walked
// by the tools; the same data everywhere. Immutable once made; free to share between threads.
//
// A verdict: take the bits of the remote address (`cidrs`, longest prefix) OR the bits of the patterns that
// opened it (less the address's `exclude` bits), AND the bits of protocol and destination port, AND those of
// the source port where `source_ports` is not empty. The lowest set bit is the rule. kLog goes on with the
// next bit, kPass with the first bit at or above `next`.
// The last rule is the profile (E5) or a tier's end, so that some rule always matches.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "datapath/bpf/abi_limits.h"
#include "policy/model/domain_pattern.h"
#include "policy/model/rule_terms.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxCompiledRules = NG_MAX_RULES;  // tier ends and profile included
inline constexpr std::size_t kMaxPassAndLogRules = 24;
static_assert(kMaxPassAndLogRules < NG_MAX_VERDICT_STEPS);

// Where a compiled rule comes from, for people.
struct RuleOrigin {
    std::string tier;         // "default"
    std::string policy_kind;  // "NetworkPolicy"; empty for a tier's end and the profile
    std::string policy_name;  // "default/allow-egress" or "default.allow-egress"
    int rule_index = -1;      // position in the policy's list; -1 for a tier's end and the profile
    std::string text;         // one line: "Allow UDP to port 53", "end of tier default: Deny"
    std::string file;         // place of the rule
    int line = 0;
};

struct CompiledRule {
    RuleAction action = RuleAction::kDeny;
    std::uint16_t next = 0;  // kPass: number of the first rule of the next tier (or the profile)
    RuleOrigin origin;
};

// One bit a rule, bit 0 of word 0 is rule 0. All bitmaps of a policy have the same number of words.
using Bitmap = std::vector<std::uint64_t>;
using BitmapIndex = std::uint32_t;  // into CompiledPolicy::bitmaps; 0 is the empty bitmap

// Rules that take an address whose longest prefix in the policy is this one.
struct CidrEntry {
    IpPrefix prefix;  // both families; 0.0.0.0/0 and ::/0 are always present
    BitmapIndex match = 0;
    // Rules with domains that refuse it all the same (notNets, notSelector, another family): taken off the learnt
    // bits. The two widest prefixes may have it too.
    BitmapIndex exclude = 0;
};

// Rules that take a protocol and port, by the longest prefix.
struct PortEntry {
    bool any_protocol = false;     // the entry for everything else; exactly one
    std::uint8_t protocol = 0;     // IP protocol number
    std::uint8_t prefix_bits = 0;  // 0: any port of the protocol; 16: exactly `port`
    std::uint16_t port = 0;        // host byte order; ICMP: type << 8 | code
    BitmapIndex bitmap = 0;
};

// Rules opened by the addresses of a domain pattern. Each pattern of the policy once, in order.
struct PatternEntry {
    DomainPattern pattern;
    BitmapIndex bitmap = 0;
};

struct CompiledPolicy {
    Direction direction = Direction::kEgress;
    std::vector<CompiledRule> rules;
    std::vector<Bitmap> bitmaps;  // deduplicated; [0] is empty
    std::vector<CidrEntry> cidrs;
    std::vector<PortEntry> ports;         // by destination port
    std::vector<PortEntry> source_ports;  // empty: no rule looks at the source port
    std::vector<PatternEntry> patterns;
    // Hash of all of the above except the origins: policies with equal content are one in the kernel.
    std::array<std::uint64_t, 2> content_hash{};

    std::size_t words() const { return (rules.size() + 63) / 64; }
};

}  // namespace namegate::policy
