// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_kubernetes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "policy/documents/decode_label_selector.h"
#include "policy/documents/decode_leaf.h"
#include "policy/model/rule_text.h"

namespace namegate::policy {
namespace {

void decode_block(const Cursor& block, EntityRule& out) {
    if (!block.node().is_map()) {
        return;
    }
    const std::optional<Cursor> cidr = block.child("cidr");
    const std::optional<IpPrefix> net = cidr ? decode_net(*cidr) : std::nullopt;
    if (!net) {
        return;
    }
    out.nets.push_back(*net);
    block.each("except", [&](const Cursor& item) {
        const std::optional<IpPrefix> inner = decode_net(item);
        if (inner && !net->contains(*inner)) {
            item.error(inner->to_string() + " is not inside " + net->to_string());
        } else if (inner) {
            out.not_nets.push_back(*inner);
        }
    });
}

EntityRule decode_peer(const Cursor& peer) {
    EntityRule out;
    if (!peer.node().is_map()) {
        return out;
    }
    const std::optional<Cursor> block = peer.child("ipBlock");
    const std::optional<Cursor> pods = peer.child("podSelector");
    const std::optional<Cursor> namespaces = peer.child("namespaceSelector");
    if (block) {
        if (pods || namespaces) {
            peer.field_error("ipBlock", "ipBlock cannot be combined with podSelector or namespaceSelector; write two peers");
        }
        decode_block(*block, out);
        return out;
    }
    if (!pods && !namespaces) {
        peer.error("the peer is empty; write podSelector, namespaceSelector or ipBlock");
        return out;
    }
    out.selector = decode_pod_selector(peer, pods);
    if (namespaces) {
        out.namespace_selector = decode_label_selector(*namespaces);
    }
    return out;
}

// The ports of a rule by protocol; an empty list means all ports of the protocol.
using PortsByProtocol = std::map<std::uint8_t, std::vector<Port>>;

std::optional<Port> decode_peer_port(const Cursor& item) {
    const std::optional<Cursor> number = item.child("port");
    const std::optional<Cursor> end = item.child("endPort");
    std::optional<Port> port = number ? decode_port(*number) : std::nullopt;
    if (port && number->node().text().find(':') != std::string::npos) {
        number->error("write a range with port and endPort");
    }
    if (!end) {
        return port;
    }
    const std::optional<std::int64_t> last = decode_integer(*end, 1, 65535);
    if (!port || !port->name.empty()) {
        item.field_error("endPort", "endPort needs a number in port");
    } else if (last && *last < port->low) {
        item.field_error("endPort", "the range is reversed; endPort must be at least port");
    } else if (last) {
        port->high = static_cast<std::uint16_t>(*last);
    }
    return port;
}

PortsByProtocol decode_peer_ports(const Cursor& rule) {
    PortsByProtocol out;
    std::vector<std::uint8_t> all_ports;  // protocols that an entry without a port opens completely
    rule.each("ports", [&](const Cursor& item) {
        if (!item.node().is_map()) {
            return;
        }
        const std::uint8_t protocol = find_protocol(item.text("protocol").value_or("TCP")).value_or(kProtocolTcp);
        std::vector<Port>& ports = out[protocol];
        if (const std::optional<Port> port = decode_peer_port(item)) {
            ports.push_back(*port);
        } else if (!item.child("port")) {
            all_ports.push_back(protocol);
        }
    });
    for (const std::uint8_t protocol : all_ports) {
        out[protocol].clear();
    }
    return out;
}

class RuleMaker {
  public:
    RuleMaker(Direction direction, std::size_t index, const Cursor& item) : egress_(direction == Direction::kEgress) {
        base_.action = RuleAction::kAllow;
        base_.index = index;
        base_.place = item.place();
    }

    // Makes one rule for each peer and protocol.
    void run(const Cursor& item, std::vector<Rule>& out) const {
        std::vector<EntityRule> peers;
        item.each(egress_ ? "to" : "from", [&](const Cursor& peer) { peers.push_back(decode_peer(peer)); });
        if (peers.empty()) {
            peers.emplace_back();
        }
        const PortsByProtocol ports = decode_peer_ports(item);
        for (const EntityRule& peer : peers) {
            if (ports.empty()) {
                add(peer, std::nullopt, {}, out);
            }
            for (const auto& [protocol, list] : ports) {
                add(peer, protocol, list, out);
            }
        }
    }

  private:
    void add(const EntityRule& peer, std::optional<std::uint8_t> protocol, const std::vector<Port>& ports, std::vector<Rule>& out) const {
        Rule rule = base_;
        rule.protocol = protocol;
        (egress_ ? rule.destination : rule.source) = peer;
        rule.destination.ports = ports;
        rule.text = describe_rule(rule);
        out.push_back(std::move(rule));
    }

    bool egress_;
    Rule base_;
};

void decode_rules(const Cursor& spec, Direction direction, std::vector<Rule>& out) {
    const char* key = direction == Direction::kEgress ? "egress" : "ingress";
    std::size_t index = 0;
    spec.each(key, [&](const Cursor& item) {
        if (item.node().is_map()) {
            RuleMaker(direction, index, item).run(item, out);
        }
        ++index;
    });
    if (out.size() > kMaxRulesPerDirection) {
        spec.field_error(key, "peers and protocols together make " + std::to_string(out.size()) + " rules; at most " +
                                  std::to_string(kMaxRulesPerDirection) + " are allowed");
    }
}

void decode_policy_types(const Cursor& spec, Policy& out) {
    const std::optional<Cursor> types = spec.child("policyTypes");
    if (!types || !types->node().is_sequence() || types->node().items().empty()) {
        out.applies_ingress = true;
        out.applies_egress = !out.egress.empty();
        return;
    }
    out.applies_ingress = false;
    spec.each("policyTypes", [&](const Cursor& item) {
        bool& applies = item.node().text() == "Egress" ? out.applies_egress : out.applies_ingress;
        if (applies) {
            item.error("\"" + item.node().text() + "\" appears twice");
        }
        applies = true;
    });
    if (!out.egress.empty() && !out.applies_egress) {
        spec.field_error("egress", "these rules never count, because policyTypes does not name Egress; add it to policyTypes");
    }
    if (!out.ingress.empty() && !out.applies_ingress) {
        spec.field_error("ingress", "these rules never count, because policyTypes does not name Ingress; add it to policyTypes");
    }
}

}  // namespace

Policy decode_kubernetes_policy(const Cursor& cursor, std::string name_space, std::string name) {
    Policy out;
    out.kind = kKubernetesPolicyKind;
    out.name_space = std::move(name_space);
    out.name = std::move(name);
    out.order = kKubernetesPolicyOrder;
    out.place = cursor.place();
    out.applies_ingress = true;
    const std::optional<Cursor> spec = cursor.child("spec");
    const std::optional<Cursor> pods = spec && spec->node().is_map() ? spec->child("podSelector") : std::nullopt;
    out.selector = decode_pod_selector(pods.value_or(cursor), pods).value_or(Selector());
    if (!spec || !spec->node().is_map()) {
        return out;
    }
    decode_rules(*spec, Direction::kIngress, out.ingress);
    decode_rules(*spec, Direction::kEgress, out.egress);
    decode_policy_types(*spec, out);
    return out;
}

}  // namespace namegate::policy
