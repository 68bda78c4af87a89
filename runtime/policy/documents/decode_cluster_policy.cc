// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_cluster_policy.h"

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/documents/decode_label_selector.h"
#include "policy/documents/decode_leaf.h"
#include "policy/model/kubernetes_tiers.h"
#include "policy/model/protocol.h"
#include "policy/model/rule_text.h"

namespace namegate::policy {
namespace {

constexpr std::int64_t kMaxPriority = 1000;
constexpr std::int64_t kMaxPort = 65535;

// The one of these fields that is there. Reports none and several.
std::optional<Cursor> only_one(const Cursor& parent, std::span<const std::string_view> fields, std::string& name) {
    std::optional<Cursor> found;
    for (const std::string_view field : fields) {
        const auto child = parent.child(field);
        if (child && found) {
            parent.field_error(field, "\"" + std::string(field) + "\" cannot be combined with \"" + name + "\"; write two entries");
            return std::nullopt;
        }
        if (child) {
            found = child;
            name = field;
        }
    }
    if (!found) {
        std::string all;
        for (const std::string_view field : fields) {
            all += (all.empty() ? "" : ", ") + std::string(field);
        }
        parent.error("one of these is needed: " + all);
    }
    return found;
}

// A peer as the remote sides of rules: addresses of both families need one each.
using Sides = std::vector<EntityRule>;

std::optional<EntityRule> decode_pods(const Cursor& pods) {
    EntityRule out;
    const auto namespaces = pods.child("namespaceSelector");
    out.namespace_selector = namespaces ? decode_label_selector(*namespaces) : std::nullopt;
    out.selector = decode_pod_selector(pods, pods.child("podSelector"));
    return out;
}

// Without an entry a list would count as absent, and the rule would match more.
void refuse_empty(const Cursor& parent, std::string_view key) {
    if (const auto list = parent.child(key); list && list->node().is_sequence() && list->node().items().empty()) {
        parent.field_error(key, "\"" + std::string(key) + "\" needs at least one entry");
    }
}

void decode_networks(const Cursor& peer, Sides& out) {
    refuse_empty(peer, "networks");
    std::array<EntityRule, 2> by_family;
    peer.each("networks", [&](const Cursor& item) {
        if (const std::optional<IpPrefix> net = decode_net(item)) {
            by_family[net->address().is_v4() ? 0 : 1].nets.push_back(*net);
        }
    });
    for (EntityRule& side : by_family) {
        if (!side.nets.empty()) {
            out.push_back(std::move(side));
        }
    }
}

// "*." may only begin a name, and there are two labels at least.
std::optional<DomainPattern> decode_name(const Cursor& item) {
    if (!item.node().is_scalar()) {
        return std::nullopt;
    }
    std::string_view text = item.node().text();
    text.remove_suffix(text.ends_with('.') ? 1 : 0);
    const std::string_view bare = text.starts_with("*.") ? text.substr(2) : text;
    if (bare.find('*') != std::string_view::npos || bare.find('.') == std::string_view::npos) {
        item.error("\"" + item.node().text() +
                   "\" is not a name of a ClusterNetworkPolicy; write at least two labels, and \"*\" only as the "
                   "first of them");
        return std::nullopt;
    }
    auto pattern = DomainPattern::parse(text);
    if (!pattern) {
        item.error(pattern.error().message());
        return std::nullopt;
    }
    return *std::move(pattern);
}

void decode_names(const Cursor& peer, RuleAction action, Sides& out) {
    if (action != RuleAction::kAllow) {
        peer.field_error("domainNames", "names can only be accepted: a rule with domainNames needs the action Accept");
    }
    refuse_empty(peer, "domainNames");
    EntityRule side;
    peer.each("domainNames", [&](const Cursor& item) {
        if (std::optional<DomainPattern> pattern = decode_name(item)) {
            side.domains.push_back(*std::move(pattern));
        }
    });
    out.push_back(std::move(side));
}

void decode_peer_of_cluster(const Cursor& peer, Direction direction, RuleAction action, Sides& out) {
    static constexpr std::array<std::string_view, 5> kFields = {"namespaces", "pods", "nodes", "networks", "domainNames"};
    if (!peer.node().is_map()) {
        return;
    }
    std::string name;
    const std::size_t known = direction == Direction::kEgress ? kFields.size() : 2;
    const auto found = only_one(peer, std::span(kFields).first(known), name);
    if (!found) {
        return;
    }
    if (name == "namespaces") {
        EntityRule side;
        side.namespace_selector = decode_label_selector(*found);
        side.selector = decode_pod_selector(peer, std::nullopt);
        out.push_back(std::move(side));
    } else if (name == "pods") {
        if (auto side = decode_pods(*found)) {
            out.push_back(*std::move(side));
        }
    } else if (name == "networks") {
        decode_networks(peer, out);
    } else if (name == "domainNames") {
        decode_names(peer, action, out);
    } else {
        peer.field_error("nodes", "not supported: the addresses of nodes are not known; write networks");
    }
}

// Ports of a rule by protocol. Named ports have no protocol.
struct RulePorts {
    std::map<std::uint8_t, std::vector<Port>> by_protocol;  // an empty list: all ports
    std::vector<std::uint8_t> whole;                        // protocols without a port
    std::vector<Port> named;
};

void decode_transport(const Cursor& transport, std::uint8_t protocol, RulePorts& out) {
    std::vector<Port>& ports = out.by_protocol[protocol];
    const auto port = transport.node().is_map() ? transport.child("destinationPort") : std::nullopt;
    if (!port) {
        out.whole.push_back(protocol);
        return;
    }
    static constexpr std::array<std::string_view, 2> kFields = {"number", "range"};
    std::string name;
    const auto found = port->node().is_map() ? only_one(*port, kFields, name) : std::nullopt;
    if (!found) {
        return;
    }
    const auto start = name == "range" ? found->child("start") : found;
    const auto end = name == "range" ? found->child("end") : found;
    const std::int64_t low = start ? decode_integer(*start, 1, kMaxPort).value_or(0) : 0;
    const std::int64_t high = end ? decode_integer(*end, 1, kMaxPort).value_or(0) : 0;
    if (low > high) {
        found->error("the range is reversed; end must be at least start");
    } else if (low != 0) {
        ports.push_back({static_cast<std::uint16_t>(low), static_cast<std::uint16_t>(high), ""});
    }
}

RulePorts decode_protocols(const Cursor& rule) {
    static constexpr std::array<std::string_view, 4> kFields = {"tcp", "udp", "sctp", "destinationNamedPort"};
    RulePorts out;
    refuse_empty(rule, "protocols");
    rule.each("protocols", [&](const Cursor& item) {
        std::string name;
        const auto found = item.node().is_map() ? only_one(item, kFields, name) : std::nullopt;
        if (!found) {
            return;
        }
        if (name != "destinationNamedPort") {
            decode_transport(*found, name == "tcp" ? kProtocolTcp : name == "udp" ? kProtocolUdp : kProtocolSctp, out);
        } else if (const auto port = decode_port(*found); port && port->name.empty()) {
            found->error("\"" + found->node().text() + "\" is a number; write its protocol with a destinationPort");
        } else if (port) {
            out.named.push_back(*port);
        }
    });
    for (const std::uint8_t protocol : out.whole) {
        out.by_protocol[protocol].clear();
    }
    return out;
}

RuleAction action_of(const Cursor& rule) {
    const std::string action = rule.text("action").value_or("Deny");
    return action == "Accept" ? RuleAction::kAllow : action == "Pass" ? RuleAction::kPass : RuleAction::kDeny;
}

void add_rule(const Rule& base, const EntityRule& side, Direction direction, std::vector<Rule>& out) {
    Rule rule = base;
    const std::vector<Port> ports = rule.destination.ports;
    (direction == Direction::kEgress ? rule.destination : rule.source) = side;
    rule.destination.ports = ports;
    rule.text = describe_rule(rule);
    out.push_back(std::move(rule));
}

// Makes one rule for each peer and protocol, in this order.
void decode_rule_of_cluster(const Cursor& item, Direction direction, std::size_t index, std::vector<Rule>& out) {
    Rule base;
    base.action = action_of(item);
    base.index = index;
    base.place = item.place();
    Sides sides;
    const char* const key = direction == Direction::kEgress ? "to" : "from";
    item.each(key, [&](const Cursor& peer) { decode_peer_of_cluster(peer, direction, base.action, sides); });
    const auto peers = item.child(key);
    if (!peers || !peers->node().is_sequence() || peers->node().items().empty()) {
        item.field_error(key, std::string("\"") + key + "\" needs at least one peer");
    }
    const RulePorts ports = decode_protocols(item);
    for (const EntityRule& side : sides) {
        if (!side.domains.empty() && !ports.named.empty()) {
            item.field_error("protocols", "a named port cannot be combined with domainNames");
        }
        if (ports.by_protocol.empty() && ports.named.empty()) {
            add_rule(base, side, direction, out);
        }
        for (const auto& [protocol, list] : ports.by_protocol) {
            Rule rule = base;
            rule.protocol = protocol;
            rule.destination.ports = list;
            add_rule(rule, side, direction, out);
        }
        if (!ports.named.empty()) {
            Rule rule = base;
            rule.destination.ports = ports.named;
            add_rule(rule, side, direction, out);
        }
    }
}

void decode_cluster_rules(const Cursor& spec, Direction direction, std::vector<Rule>& out) {
    const char* const key = direction == Direction::kEgress ? "egress" : "ingress";
    std::size_t index = 0;
    spec.each(key, [&](const Cursor& item) {
        if (item.node().is_map()) {
            decode_rule_of_cluster(item, direction, index, out);
        }
        ++index;
    });
    if (out.size() > kMaxRulesPerDirection) {
        spec.field_error(key, "peers and protocols together make " + std::to_string(out.size()) + " rules; at most " +
                                  std::to_string(kMaxRulesPerDirection) + " are allowed");
    }
}

void decode_subject(const Cursor& spec, Policy& out) {
    static constexpr std::array<std::string_view, 2> kFields = {"namespaces", "pods"};
    const auto subject = spec.child("subject");
    std::string name;
    const auto found = subject && subject->node().is_map() ? only_one(*subject, kFields, name) : std::nullopt;
    if (!found) {
        return;
    }
    const bool pods = name == "pods";
    const auto namespaces = pods ? found->child("namespaceSelector") : found;
    out.selector = decode_pod_selector(*found, pods ? found->child("podSelector") : std::nullopt).value_or(Selector());
    out.namespace_selector = namespaces ? decode_label_selector(*namespaces) : std::nullopt;
}

}  // namespace

Policy decode_cluster_policy(const Cursor& cursor, std::string name) {
    Policy out;
    out.kind = kClusterPolicyKind;
    out.name = std::move(name);
    out.global = true;
    out.place = cursor.place();
    const std::optional<Cursor> spec = cursor.child("spec");
    if (!spec || !spec->node().is_map()) {
        return out;
    }
    out.tier = spec->text("tier").value_or("") == "Baseline" ? kBaselineTier : kAdminTier;
    if (const auto priority = spec->child("priority")) {
        out.order = static_cast<double>(decode_integer(*priority, 0, kMaxPriority).value_or(0));
    }
    decode_subject(*spec, out);
    decode_cluster_rules(*spec, Direction::kIngress, out.ingress);
    decode_cluster_rules(*spec, Direction::kEgress, out.egress);
    // A direction without rules is as if the policy did not exist.
    out.applies_ingress = !out.ingress.empty();
    out.applies_egress = !out.egress.empty();
    return out;
}

}  // namespace namegate::policy
