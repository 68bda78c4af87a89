// SPDX-License-Identifier: Apache-2.0
//
// The resources of policy files as values with their places. The decoder creates them from valid documents and the
// compiler reads them. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/named_port.h"
#include "policy/model/dns_queries.h"
#include "policy/model/domain_pattern.h"
#include "policy/model/problem.h"
#include "policy/model/rule_terms.h"
#include "policy/model/selector.h"
#include "policy/model/tls_names.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxRulesPerDirection = 1024;
inline constexpr std::size_t kMaxNetsPerRule = 256;
inline constexpr std::size_t kMaxPortsPerRule = 50;
inline constexpr std::size_t kMaxDomainsPerRule = 1024;
inline constexpr std::size_t kMaxSetEntries = 100'000;  // nets of one set, and as many domains
inline constexpr double kDefaultTierOrder = 1'000'000;
inline constexpr const char* kDefaultTier = "default";
inline constexpr double kKubernetesPolicyOrder = 1000;  // in the tier default

// A range of port numbers, or a named port if `name` is not empty.
struct Port {
    std::uint16_t low = 0;
    std::uint16_t high = 0;
    std::string name;
};

struct IcmpMatch {
    std::optional<std::uint8_t> type;
    std::optional<std::uint8_t> code;
};

struct ServiceAccountMatch {
    std::vector<std::string> names;
    std::optional<Selector> selector;
};

// A Service of Kubernetes. Without a namespace: in that of the policy.
struct ServiceMatch {
    std::string name_space;
    std::string name;
};

// One side of a rule. Positive and negative fields are ANDed, list entries are ORed.
struct EntityRule {
    std::vector<IpPrefix> nets;
    std::vector<IpPrefix> not_nets;
    std::optional<Selector> selector;
    std::optional<Selector> not_selector;
    std::optional<Selector> namespace_selector;
    std::optional<ServiceAccountMatch> service_accounts;
    std::vector<Port> ports;
    std::vector<Port> not_ports;
    std::vector<DomainPattern> domains;
    std::optional<ServiceMatch> service;  // only in the destination of egress
};

struct Rule {
    RuleAction action = RuleAction::kDeny;
    std::optional<int> ip_version;  // 4 or 6
    std::optional<std::uint8_t> protocol;
    std::optional<std::uint8_t> not_protocol;
    std::optional<IcmpMatch> icmp;
    std::optional<IcmpMatch> not_icmp;
    EntityRule source;
    EntityRule destination;
    std::size_t index = 0;  // in the file's list; one entry can become several rules
    Place place;
    std::string text;  // one line, for people
    TlsDemand tls;     // of its annotations
};

// What a staged policy would do. Policies with Learn and Ignore are only listed.
enum class StagedAction : std::uint8_t { kSet, kDelete, kLearn, kIgnore };

struct Policy {
    std::string kind;        // "NetworkPolicy" etc.; "KubernetesNetworkPolicy" for networking.k8s.io/v1
    std::string name_space;  // empty: global
    std::string name;
    bool global = false;
    bool staged = false;  // never enforced
    StagedAction staged_action = StagedAction::kSet;
    std::string tier = kDefaultTier;
    std::optional<double> order;  // none: last
    Selector selector;
    std::optional<Selector> namespace_selector;
    std::optional<Selector> service_account_selector;
    bool applies_ingress = false;  // `types`, given or inferred
    bool applies_egress = false;
    std::vector<Rule> ingress;
    std::vector<Rule> egress;
    std::optional<DnsQueries> dns;  // of the annotation; none: the node's default
    TlsDemand tls;                  // of its annotations, for its rules that say nothing
    Place place;

    bool applies(Direction direction) const { return direction == Direction::kEgress ? applies_egress : applies_ingress; }
    const std::vector<Rule>& rules(Direction direction) const { return direction == Direction::kEgress ? egress : ingress; }
    // "namespace/name", or the name alone when global.
    std::string full_name() const { return global ? name : name_space + "/" + name; }
};

struct NetworkSet {
    std::string kind;        // "NetworkSet" or "GlobalNetworkSet"
    std::string name_space;  // empty: global
    std::string name;
    Labels labels;
    std::vector<IpPrefix> nets;
    std::vector<DomainPattern> domains;
    Place place;
};

struct Tier {
    std::string name;
    std::optional<double> order;  // none: last
    RuleAction default_action = RuleAction::kDeny;
    Place place;
};

using namegate::NamedPort;

struct PodDocument {
    std::string name_space;
    std::string name;
    Labels labels;
    Labels annotations;  // only for display
    std::string service_account;
    std::vector<NamedPort> ports;
    Place place;
};

struct NamespaceDocument {
    std::string name;
    Labels labels;
    Place place;
};

struct ServiceAccountDocument {
    std::string name_space;
    std::string name;
    Labels labels;
    Place place;
};

using Resource = std::variant<Policy, NetworkSet, Tier, PodDocument, NamespaceDocument, ServiceAccountDocument>;

// Identifies a document; no two documents may have the same key (V7).
struct ResourceKey {
    std::string kind;
    std::string name_space;
    std::string name;

    auto operator<=>(const ResourceKey&) const = default;
};

ResourceKey key_of(const Resource& resource);
const Place& place_of(const Resource& resource);
// "NetworkPolicy default/allow-x"
std::string to_string(const ResourceKey& key);

}  // namespace namegate::policy
