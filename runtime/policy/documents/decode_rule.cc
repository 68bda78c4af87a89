// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_rule.h"

#include <algorithm>

#include "policy/documents/decode_annotations.h"
#include "policy/documents/decode_leaf.h"
#include "policy/model/rule_text.h"

namespace namegate::policy {
namespace {

enum class Side { kLocal, kRemote };

std::optional<ServiceAccountMatch> decode_accounts(const Cursor& entity) {
    const std::optional<Cursor> field = entity.child("serviceAccounts");
    if (!field || !field->node().is_map()) {
        return std::nullopt;
    }
    ServiceAccountMatch match;
    field->each("names", [&](const Cursor& item) { match.names.push_back(item.node().text()); });
    match.selector = decode_selector(*field, "selector", GlobalRule::kRefused);
    if (match.names.empty() && !match.selector) {
        return std::nullopt;
    }
    return match;
}

std::vector<IpPrefix> decode_nets(const Cursor& entity, std::string_view key) {
    std::vector<IpPrefix> out;
    entity.each(key, [&](const Cursor& item) {
        if (const std::optional<IpPrefix> net = decode_net(item)) {
            out.push_back(*net);
        }
    });
    return out;
}

std::vector<Port> decode_ports(const Cursor& entity, std::string_view key) {
    std::vector<Port> out;
    entity.each(key, [&](const Cursor& item) {
        if (const std::optional<Port> port = decode_port(item)) {
            out.push_back(*port);
        }
    });
    return out;
}

// Port names are looked up in the Pod documents of endpoints, and a domain does not identify an endpoint.
void check_named_ports(const Cursor& entity, const EntityRule& out) {
    const auto named = [](const Port& port) { return !port.name.empty(); };
    for (const auto& [key, ports] : {std::pair("ports", &out.ports), std::pair("notPorts", &out.not_ports)}) {
        const auto found = std::find_if(ports->begin(), ports->end(), named);
        if (found != ports->end() && !out.domains.empty()) {
            entity.field_error(key, "the named port \"" + found->name + "\" cannot be combined with domains; write its number");
        }
    }
}

// D2: where domains are allowed. An empty list is an error, because it would silently allow everything.
void check_domains(const Cursor& entity, const EntityRule& out, const Rule& rule, Direction direction, Side side) {
    const auto& entries = entity.node().entries();
    if (std::none_of(entries.begin(), entries.end(), [](const MapEntry& entry) { return entry.key == "domains"; })) {
        return;
    }
    const std::optional<Cursor> field = entity.child("domains");
    if (!field || (field->node().is_sequence() && field->node().items().empty())) {
        entity.field_error("domains", "the list is empty; name a domain, or leave domains out to allow any destination");
        return;
    }
    if (direction == Direction::kIngress || side == Side::kLocal) {
        entity.field_error("domains", "domains are allowed only in the destination of an egress rule");
    } else if (rule.action != RuleAction::kAllow) {
        entity.field_error("domains", "domains are allowed only in a rule with action: Allow; to deny by address, write nets");
    }
    const std::pair<const char*, bool> others[] = {{"nets", !out.nets.empty()},
                                                   {"selector", out.selector.has_value()},
                                                   {"namespaceSelector", out.namespace_selector.has_value()},
                                                   {"serviceAccounts", out.service_accounts.has_value()}};
    for (const auto& other : others) {
        if (other.second) {
            entity.field_error("domains",
                               std::string("domains cannot be combined with ") + other.first + " in one destination; write two rules");
        }
    }
}

bool is_service_name(const std::string& name) {
    constexpr std::size_t kMaxBytes = 253;  // as Kubernetes allows
    return !name.empty() && name.size() <= kMaxBytes &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
}

// E11: a Service in the destination of an egress rule, with nothing else that says where to.
std::optional<ServiceMatch> decode_service(const Cursor& entity, const EntityRule& out, Direction direction, Side side) {
    const std::optional<Cursor> field = entity.child("services");
    if (!field || !field->node().is_map()) {
        return std::nullopt;
    }
    if (out.selector || out.namespace_selector || out.not_selector || !out.nets.empty() || !out.not_nets.empty() || out.service_accounts ||
        !out.ports.empty() || !out.not_ports.empty() || !out.domains.empty()) {
        entity.field_error("services", "services cannot be combined with selectors, nets, serviceAccounts, ports or domains");
        return std::nullopt;
    }
    if (direction == Direction::kIngress || side == Side::kLocal) {
        entity.field_error("services", "services are supported only in the destination of an egress rule");
        return std::nullopt;
    }
    ServiceMatch match{field->text("namespace").value_or(""), field->text("name").value_or("")};
    if (!is_service_name(match.name) || (!match.name_space.empty() && !is_service_name(match.name_space))) {
        field->error(
            "a service needs a name, and may have a namespace, as Kubernetes allows them; write services: {name: x, namespace: y}");
        return std::nullopt;
    }
    return match;
}

EntityRule decode_entity(const Cursor& rule_cursor, const Rule& rule, Direction direction, Side side) {
    EntityRule out;
    const bool source = (direction == Direction::kEgress) == (side == Side::kLocal);
    const std::optional<Cursor> entity = rule_cursor.child(source ? "source" : "destination");
    if (!entity || !entity->node().is_map()) {
        return out;
    }
    out.nets = decode_nets(*entity, "nets");
    out.not_nets = decode_nets(*entity, "notNets");
    out.selector = decode_selector(*entity, "selector", GlobalRule::kRefused);
    out.not_selector = decode_selector(*entity, "notSelector", GlobalRule::kRefused);
    out.namespace_selector = decode_selector(*entity, "namespaceSelector", GlobalRule::kAlone);
    out.service_accounts = decode_accounts(*entity);
    out.ports = decode_ports(*entity, "ports");
    out.not_ports = decode_ports(*entity, "notPorts");
    entity->each("domains", [&](const Cursor& item) {
        if (std::optional<DomainPattern> pattern = decode_domain(item)) {
            out.domains.push_back(*std::move(pattern));
        }
    });
    check_domains(*entity, out, rule, direction, side);
    out.service = decode_service(*entity, out, direction, side);
    check_named_ports(*entity, out);
    return out;
}

std::optional<IcmpMatch> decode_icmp(const Cursor& rule_cursor, std::string_view key) {
    constexpr std::int64_t kMaxType = 254;
    constexpr std::int64_t kMaxCode = 255;
    const std::optional<Cursor> field = rule_cursor.child(key);
    if (!field || !field->node().is_map()) {
        return std::nullopt;
    }
    IcmpMatch out;
    if (const auto type = field->child("type")) {
        if (const auto value = decode_integer(*type, 0, kMaxType)) {
            out.type = static_cast<std::uint8_t>(*value);
        }
    }
    if (const auto code = field->child("code")) {
        if (const auto value = decode_integer(*code, 0, kMaxCode)) {
            out.code = static_cast<std::uint8_t>(*value);
        }
        if (!field->child("type")) {
            field->field_error("code", "a code needs its type; write type: beside it");
        }
    }
    if (!out.type && !out.code) {
        field->error("an ICMP match needs a type; write type: (and code:), or leave the field out");
    }
    return out;
}

RuleAction decode_action(const Cursor& rule_cursor) {
    const std::string text = rule_cursor.text("action").value_or("");
    return text == "Allow" ? RuleAction::kAllow : text == "Pass" ? RuleAction::kPass : text == "Log" ? RuleAction::kLog : RuleAction::kDeny;
}

// V2. A named port needs no protocol.
void check_ports(const Cursor& cursor, const Rule& rule) {
    const auto numeric = [](const std::vector<Port>& ports) {
        return std::any_of(ports.begin(), ports.end(), [](const Port& port) { return port.name.empty(); });
    };
    const auto check = [&](const char* side, const EntityRule& entity) {
        const bool any = !entity.ports.empty() || !entity.not_ports.empty();
        const bool needs = rule.protocol ? any : numeric(entity.ports) || numeric(entity.not_ports);
        if (!needs || (rule.protocol && has_ports(*rule.protocol))) {
            return;
        }
        const std::optional<Cursor> field = cursor.child(side);
        field->field_error(entity.ports.empty() ? "notPorts" : "ports",
                           "ports need protocol: TCP, UDP or SCTP in the same rule" +
                               (rule.protocol ? ", not " + protocol_name(*rule.protocol) : std::string()));
    };
    check("source", rule.source);
    check("destination", rule.destination);
}

// V3
void check_icmp(const Cursor& cursor, const Rule& rule) {
    const bool v4 = rule.protocol == kProtocolIcmp;
    const bool v6 = rule.protocol == kProtocolIcmp6;
    for (const char* key : {"icmp", "notICMP"}) {
        if (cursor.child(key) && !v4 && !v6) {
            cursor.field_error(key, "an ICMP match needs protocol: ICMP or ICMPv6 in the same rule");
        }
    }
    if ((v4 && rule.ip_version == 6) || (v6 && rule.ip_version == 4)) {
        cursor.field_error("ipVersion", v4 ? "protocol ICMP means ipVersion 4; for 6 write ICMPv6"
                                           : "protocol ICMPv6 means ipVersion 6; for 4 write ICMP");
    }
}

// V4
void check_families(const Cursor& cursor, const Rule& rule) {
    int family = rule.ip_version.value_or(0);
    std::string reason = "ipVersion " + std::to_string(family);
    const bool v4 = rule.protocol == kProtocolIcmp;
    const bool v6 = rule.protocol == kProtocolIcmp6;
    if (family == 0 && (v4 || v6)) {
        family = v4 ? 4 : 6;
        reason = "protocol " + protocol_name(*rule.protocol);
    }
    for (const char* side : {"source", "destination"}) {
        const std::optional<Cursor> entity = cursor.child(side);
        for (const char* key : {"nets", "notNets"}) {
            if (!entity || !entity->node().is_map()) {
                continue;
            }
            entity->each(key, [&](const Cursor& item) {
                const auto net = IpPrefix::parse(item.node().text());
                if (!net) {
                    return;
                }
                const int found = net->is_v4() ? 4 : 6;
                if (family == 0) {
                    family = found;
                    reason = "\"" + item.node().text() + "\" in the same rule";
                } else if (family != found) {
                    item.error("\"" + item.node().text() + "\" is IPv" + std::to_string(found) + ", which does not agree with " + reason +
                               "; write a rule for each family");
                }
            });
        }
    }
}

}  // namespace

Rule decode_rule(const Cursor& cursor, Direction direction) {
    Rule rule;
    rule.place = cursor.place();
    if (!cursor.node().is_map()) {
        return rule;
    }
    rule.action = decode_action(cursor);
    if (const auto version = cursor.child("ipVersion")) {
        const auto value = decode_integer(*version, 4, 6);
        if (value == 5) {
            version->error("5 is not an IP version; write 4 or 6");
        } else if (value) {
            rule.ip_version = static_cast<int>(*value);
        }
    }
    if (const auto protocol = cursor.child("protocol")) {
        rule.protocol = decode_protocol(*protocol);
    }
    if (const auto protocol = cursor.child("notProtocol")) {
        rule.not_protocol = decode_protocol(*protocol);
    }
    rule.icmp = decode_icmp(cursor, "icmp");
    rule.not_icmp = decode_icmp(cursor, "notICMP");
    const bool egress = direction == Direction::kEgress;
    rule.source = decode_entity(cursor, rule, direction, egress ? Side::kLocal : Side::kRemote);
    rule.destination = decode_entity(cursor, rule, direction, egress ? Side::kRemote : Side::kLocal);
    if (cursor.child("http")) {
        cursor.field_error("http", "not supported: HTTP matches");
    }
    const bool bad_protocol = (cursor.child("protocol") && !rule.protocol);
    if (!bad_protocol) {
        check_ports(cursor, rule);
        check_icmp(cursor, rule);
    }
    check_families(cursor, rule);
    decode_rule_annotations(cursor, direction, rule);
    rule.text = describe_rule(rule);
    return rule;
}

}  // namespace namegate::policy
