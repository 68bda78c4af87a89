// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "policy/compiler/compile_addresses.h"
#include "policy/compiler/compile_local.h"
#include "policy/compiler/compile_ports.h"
#include "policy/compiler/compile_rules.h"
#include "policy/compiler/compile_services.h"
#include "policy/compiler/compile_tls_names.h"
#include "policy/compiler/counted_policies.h"

namespace namegate::policy {
namespace {

// Two independent 64-bit lanes. Not collision-resistant against an attacker, who would have to write the policies.
class ContentHash {
  public:
    void add(std::uint64_t value) {
        constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15ULL;
        constexpr std::uint64_t kSecond = 0xC2B2AE3D27D4EB4FULL;
        lanes_[0] = (lanes_[0] ^ value) * kFirst;
        lanes_[0] ^= lanes_[0] >> 32;
        lanes_[1] = (lanes_[1] + value) * kSecond;
        lanes_[1] ^= lanes_[1] >> 29;
    }
    void add(std::string_view text) {
        add(text.size());
        while (!text.empty()) {
            std::uint64_t word = 0;
            const std::size_t size = std::min(text.size(), sizeof word);
            std::memcpy(&word, text.data(), size);
            add(word);
            text.remove_prefix(size);
        }
    }
    void add(const std::vector<PortEntry>& entries) {
        add(entries.size());
        for (const PortEntry& entry : entries) {
            add((entry.any_protocol ? 1ULL << 32 : 0) | static_cast<std::uint64_t>(entry.protocol) << 24 |
                static_cast<std::uint64_t>(entry.prefix_bits) << 16 | entry.port);
            add(entry.bitmap);
        }
    }
    std::array<std::uint64_t, 2> value() const { return lanes_; }

  private:
    std::array<std::uint64_t, 2> lanes_{0x243F6A8885A308D3ULL, 0x13198A2E03707344ULL};
};

std::array<std::uint64_t, 2> hash_of(const CompiledPolicy& policy) {
    ContentHash hash;
    hash.add(static_cast<std::uint64_t>(policy.direction));
    hash.add(policy.rules.size());
    for (const CompiledRule& rule : policy.rules) {
        hash.add(static_cast<std::uint64_t>(rule.tls.names) << 40 | static_cast<std::uint64_t>(rule.tls.quic) << 32 |
                 static_cast<std::uint64_t>(rule.action) << 16 | rule.next);
    }
    hash.add(policy.bitmaps.size());
    for (const Bitmap& bitmap : policy.bitmaps) {
        for (const std::uint64_t word : bitmap) {
            hash.add(word);
        }
    }
    hash.add(policy.cidrs.size());
    for (const CidrEntry& entry : policy.cidrs) {
        for (const std::uint8_t byte : entry.prefix.address().bytes()) {
            hash.add(byte);
        }
        hash.add(entry.prefix.length());
        hash.add(static_cast<std::uint64_t>(entry.match) << 32 | entry.exclude);
    }
    hash.add(policy.ports);
    hash.add(policy.source_ports);
    hash.add(policy.patterns.size());
    for (const PatternEntry& entry : policy.patterns) {
        hash.add(entry.pattern.text());
        hash.add(entry.bitmap);
    }
    hash.add(policy.bound);
    return hash.value();
}

}  // namespace

Result<bool> selects(const Snapshot& snapshot, const EndpointFacts& endpoint, const EndpointView& named) {
    const CountedPolicies counted(snapshot, endpoint.preview);
    bool any = false;
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            if (!counted.holds(*policy) || !policy->applies(endpoint.direction) || (any && !endpoint.gaps.any())) {
                continue;
            }
            const Truth selected = policy_selects(*policy, endpoint);
            if (selected == Truth::kUnknown) {
                return selection_unknown(*policy, endpoint, &named);
            }
            any = any || selected == Truth::kTrue;
        }
    }
    return any;
}

namespace {

DnsDemand dns_demand(const Snapshot& snapshot, const EndpointFacts& endpoint) {
    const CountedPolicies counted(snapshot, endpoint.preview);
    DnsDemand demand;
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            if (counted.holds(*policy) && policy->applies_egress && policy_selects(*policy, endpoint) == Truth::kTrue) {
                demand.add(policy->dns);
            }
        }
    }
    return demand;
}

}  // namespace

bool has_preview(const Snapshot& snapshot, const EndpointFacts& endpoint) {
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            const bool counts = policy->staged_action == StagedAction::kSet || policy->staged_action == StagedAction::kDelete;
            if (policy->staged && counts && policy->applies(endpoint.direction) && policy_selects(*policy, endpoint) != Truth::kFalse) {
                return true;
            }
        }
    }
    return false;
}

namespace {

// What a packet to an endpoint of a Service matches decides whether one to the Service does.
Result<std::vector<PartlyMatched>> match_services(std::vector<NumberedRule>& rules, Resolver& resolver, const ClusterServices& services) {
    if (!concerns_services(rules, resolver.self().direction)) {
        return std::vector<PartlyMatched>();
    }
    BitmapTable table(rules.size());
    const AddressTables addresses = compile_addresses(rules, resolver, table);
    const std::vector<PortEntry> ports = compile_destination_ports(rules, resolver.self(), table);
    const std::vector<Bitmap> bitmaps = table.take();
    return add_service_parts(rules, {addresses.cidrs, ports, bitmaps}, services);
}

}  // namespace

Result<CompiledPolicy> compile(const Snapshot& snapshot, const EndpointFacts& endpoint, std::span<const EndpointView> endpoints,
                               TlsNames tls_names, const ClusterServices& services) {
    Resolver resolver(snapshot, endpoint, endpoints);
    NG_ASSIGN(std::vector<NumberedRule> rules, number_rules(resolver));
    NG_TRY(decide_local_sides(rules, resolver));
    NG_ASSIGN(std::vector<PartlyMatched> partly, match_services(rules, resolver, services));
    BitmapTable bitmaps(rules.size());
    AddressTables addresses = compile_addresses(rules, resolver, bitmaps);
    CompiledPolicy out;
    out.direction = endpoint.direction;
    out.partly = std::move(partly);
    out.cidrs = std::move(addresses.cidrs);
    out.patterns = std::move(addresses.patterns);
    out.ports = compile_destination_ports(rules, endpoint, bitmaps);
    out.source_ports = compile_source_ports(rules, endpoint, bitmaps);
    out.bound = compile_tls_names(rules, addresses.with_domains, tls_names, bitmaps);
    out.bitmaps = bitmaps.take();
    for (NumberedRule& rule : rules) {
        out.rules.push_back(std::move(rule.compiled));
    }
    if (endpoint.direction == Direction::kEgress) {
        out.dns = dns_demand(snapshot, endpoint);
    }
    out.content_hash = hash_of(out);
    return out;
}

std::vector<SelectedPolicy> selected_policies(const Snapshot& snapshot, const EndpointView& endpoint) {
    const EndpointFacts facts = facts_of(snapshot, endpoint, Direction::kEgress);
    std::vector<SelectedPolicy> out;
    for (const Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            if (const Truth selected = policy_selects(*policy, facts); selected != Truth::kFalse) {
                out.push_back({policy->tier, policy->kind, policy->full_name(), policy->staged, policy->applies_ingress,
                               policy->applies_egress, selected == Truth::kUnknown, policy->place});
            }
        }
    }
    return out;
}

}  // namespace namegate::policy
