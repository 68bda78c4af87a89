// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/evaluate.h"

#include <algorithm>
#include <utility>

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

}  // namespace

Candidates find_candidates(const CompiledPolicy& policy, const PacketView& packet) {
    Candidates out;
    out.named.assign(policy.words(), 0);
    for (const PatternEntry& entry : policy.patterns) {
        if (!opens(packet, entry.pattern)) {
            continue;
        }
        out.opened.push_back(entry.pattern);
        for (std::size_t i = 0; i < out.named.size(); ++i) {
            out.named[i] |= policy.bitmaps[entry.bitmap][i];
        }
    }
    out.address = out.named;
    if (const CidrEntry* cidr = longest(policy.cidrs, packet)) {
        for (std::size_t i = 0; i < out.address.size(); ++i) {
            out.address[i] = (out.address[i] & ~policy.bitmaps[cidr->exclude][i]) | policy.bitmaps[cidr->match][i];
        }
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
            case RuleAction::kAllow: verdict.allowed = true; return verdict;
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
