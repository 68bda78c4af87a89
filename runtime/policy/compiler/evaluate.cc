// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/evaluate.h"

#include <algorithm>
#include <utility>

#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

const CidrEntry* longest(const std::vector<CidrEntry>& entries, const PacketView& packet) {
    const CidrEntry* best = nullptr;
    for (const CidrEntry& entry : entries) {
        const bool holds = entry.prefix.contains(packet.remote) && (!packet.outside_nets || entry.prefix.length() == 0);
        if (holds && (best == nullptr || entry.prefix.length() >= best->prefix.length())) {
            best = &entry;
        }
    }
    return best;
}

BitmapIndex longest_port(const std::vector<PortEntry>& entries, std::uint8_t protocol, std::uint16_t port) {
    constexpr unsigned kPortBits = 16;
    const PortEntry* best = nullptr;
    BitmapIndex any = 0;
    for (const PortEntry& entry : entries) {
        if (entry.any_protocol) {
            any = entry.bitmap;
            continue;
        }
        const bool holds = entry.prefix_bits == 0 || ((entry.port ^ port) >> (kPortBits - entry.prefix_bits)) == 0;
        if (entry.protocol == protocol && holds && (best == nullptr || entry.prefix_bits >= best->prefix_bits)) {
            best = &entry;
        }
    }
    return best == nullptr ? any : best->bitmap;
}

void intersect(Bitmap& bits, const Bitmap& other) {
    for (std::size_t i = 0; i < bits.size(); ++i) {
        bits[i] &= other[i];
    }
}

bool opens(const PacketView& packet, const DomainPattern& pattern) {
    return std::find(packet.patterns.begin(), packet.patterns.end(), pattern.text()) != packet.patterns.end() ||
           std::any_of(packet.names.begin(), packet.names.end(), [&](const std::string& name) { return pattern.matches(name); });
}

void add_bits(Bitmap& bits, const Bitmap& other) {
    for (std::size_t i = 0; i < bits.size(); ++i) {
        bits[i] |= other[i];
    }
}

void remove_bits(Bitmap& bits, const Bitmap& other) {
    for (std::size_t i = 0; i < bits.size(); ++i) {
        bits[i] &= ~other[i];
    }
}

// The rules of a pattern that opened the address, without those that the TLS name does not leave (T4).
Bitmap shown_rules(const CompiledPolicy& policy, const PacketView& packet, const PatternEntry& entry) {
    Bitmap out = policy.bitmaps[entry.bitmap];
    const bool shows = packet.tls_name && packet.protocol == kProtocolTcp && !packet.to_trusted_server;
    if (shows && !entry.pattern.matches(*packet.tls_name)) {
        remove_bits(out, policy.bitmaps[policy.bound]);
    }
    return out;
}

// T2, T3, T5: of a packet that the rule allows by a domain.
TlsOutcome tls_outcome(const TlsBinding& tls, const PacketView& packet) {
    constexpr std::uint16_t kQuicPort = 443;
    if (!tls.binds() || packet.to_trusted_server) {
        return TlsOutcome::kFree;
    }
    if (packet.protocol == kProtocolTcp) {
        return TlsOutcome::kBound;
    }
    if (packet.protocol == kProtocolUdp && packet.destination_port == kQuicPort) {
        return tls.quic == Quic::kAllow ? TlsOutcome::kFree : TlsOutcome::kCannotShow;
    }
    return tls.names == TlsNames::kRequire ? TlsOutcome::kCannotShow : TlsOutcome::kFree;
}

void allow(const CompiledPolicy& policy, const PacketView& packet, bool by_domain, Verdict& verdict) {
    verdict.tls = by_domain ? tls_outcome(policy.rules[verdict.rule].tls, packet) : TlsOutcome::kFree;
    verdict.allowed = verdict.tls != TlsOutcome::kCannotShow;
}

}  // namespace

Candidates find_candidates(const CompiledPolicy& policy, const PacketView& packet) {
    Candidates out;
    out.named.assign(policy.words(), 0);
    out.shown = out.named;
    out.nets = out.named;
    for (const PatternEntry& entry : policy.patterns) {
        if (!opens(packet, entry.pattern)) {
            continue;
        }
        out.opened.push_back(entry.pattern);
        add_bits(out.named, policy.bitmaps[entry.bitmap]);
        add_bits(out.shown, shown_rules(policy, packet, entry));
    }
    out.address = out.shown;
    if (const CidrEntry* cidr = longest(policy.cidrs, packet)) {
        out.nets = policy.bitmaps[cidr->match];
        remove_bits(out.address, policy.bitmaps[cidr->exclude]);
        add_bits(out.address, out.nets);
    }
    out.port = policy.bitmaps[longest_port(policy.ports, packet.protocol, packet.destination_port)];
    out.source_port = policy.source_ports.empty() ? Bitmap(policy.words(), ~std::uint64_t{0})
                                                  : policy.bitmaps[longest_port(policy.source_ports, packet.protocol, packet.source_port)];
    return out;
}

Verdict evaluate(const CompiledPolicy& policy, const PacketView& packet) {
    Verdict verdict;
    Candidates candidates = find_candidates(policy, packet);
    verdict.opened = std::move(candidates.opened);
    Bitmap& bits = candidates.address;
    intersect(bits, candidates.port);
    intersect(bits, candidates.source_port);
    for (std::size_t rule = 0; rule < policy.rules.size();) {
        if (!has_rule(bits, rule)) {
            ++rule;
            continue;
        }
        verdict.rule = rule;
        switch (policy.rules[rule].action) {
            case RuleAction::kAllow: allow(policy, packet, !has_rule(candidates.nets, rule), verdict); return verdict;
            case RuleAction::kDeny: return verdict;
            case RuleAction::kLog:
                verdict.logged.push_back(rule);
                ++rule;
                break;
            case RuleAction::kPass:
                verdict.passed.push_back(rule);
                rule = std::max<std::size_t>(policy.rules[rule].next, rule + 1);
                break;
        }
    }
    return verdict;
}

}  // namespace namegate::policy
