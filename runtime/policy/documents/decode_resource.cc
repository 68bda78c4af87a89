// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_resource.h"

#include <algorithm>

#include "policy/documents/decode_annotations.h"
#include "policy/documents/decode_cluster_policy.h"
#include "policy/documents/decode_kubernetes.h"
#include "policy/documents/decode_leaf.h"
#include "policy/documents/decode_rule.h"

namespace namegate::policy {
namespace {

constexpr const char* kDefaultNamespace = "default";

struct Identity {
    std::string name_space;
    std::string name;
    Labels labels;
};

bool is_dns_label(std::string_view label) {
    const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !label.empty() && label.size() <= kMaxLabelLength && std::all_of(label.begin(), label.end(), inner) && label.front() != '-' &&
           label.back() != '-';
}

// Returns the number of lower-case labels, separated by dots; 0 if the text is not a name.
std::size_t count_name_labels(std::string_view name) {
    if (name.size() > kMaxNameLength) {
        return 0;
    }
    std::size_t labels = 1;
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        if (!is_dns_label(name.substr(0, dot))) {
            return 0;
        }
        name.remove_prefix(dot + 1);
        ++labels;
    }
    return is_dns_label(name) ? labels : 0;
}

Identity decode_identity(const Cursor& cursor, const KindSpec& kind) {
    Identity out;
    const std::optional<Cursor> metadata = cursor.child("metadata");
    if (!metadata || !metadata->node().is_map()) {
        return out;
    }
    out.labels = decode_labels(*metadata, "labels");
    if (const auto name = metadata->child("name"); name && name->node().is_scalar()) {
        out.name = name->node().text();
        if (count_name_labels(out.name) == 0) {
            name->error("\"" + out.name + "\" is not a name; write lower-case letters, digits and '-', at most 253 characters");
        }
    }
    if (const auto name_space = metadata->child("namespace"); name_space && name_space->node().is_scalar()) {
        out.name_space = name_space->node().text();
        if (!kind.namespaced) {
            name_space->error("a " + std::string(kind.kind) + " has no namespace; remove the line");
        } else if (!is_dns_label(out.name_space)) {
            name_space->error("\"" + out.name_space + "\" is not the name of a namespace");
        }
    } else if (kind.namespaced) {
        out.name_space = kDefaultNamespace;
    }
    return out;
}

std::optional<double> decode_order(const Cursor& spec) {
    const std::optional<Cursor> order = spec.child("order");
    return order ? decode_number(*order) : std::nullopt;
}

// V6
void refuse_host_fields(const Cursor& spec) {
    for (const char* key : {"doNotTrack", "preDNAT", "applyOnForward"}) {
        const std::optional<std::string> value = spec.text(key);
        if (value && *value != "false" && *value != "False" && *value != "FALSE") {
            spec.field_error(key, std::string("not supported: ") + key + " applies to host endpoints only; remove the line");
        }
    }
}

StagedAction decode_staged_action(const Cursor& spec) {
    const std::string action = spec.text("stagedAction").value_or("Set");
    return action == "Delete"   ? StagedAction::kDelete
           : action == "Learn"  ? StagedAction::kLearn
           : action == "Ignore" ? StagedAction::kIgnore
                                : StagedAction::kSet;
}

void decode_types(const Cursor& spec, Policy& out) {
    const std::optional<Cursor> types = spec.child("types");
    if (!types || !types->node().is_sequence() || types->node().items().empty()) {
        out.applies_egress = !out.egress.empty();
        out.applies_ingress = out.egress.empty() || !out.ingress.empty();
        return;
    }
    spec.each("types", [&](const Cursor& item) {
        bool& applies = item.node().text() == "Egress" ? out.applies_egress : out.applies_ingress;
        if (applies) {
            item.error("\"" + item.node().text() + "\" appears twice");
        }
        applies = true;
    });
    const std::pair<const char*, bool> unused[] = {{"egress", !out.egress.empty() && !out.applies_egress},
                                                   {"ingress", !out.ingress.empty() && !out.applies_ingress}};
    for (const auto& direction : unused) {
        if (direction.second) {
            spec.field_error(direction.first, std::string("these rules never count, because types does not name ") +
                                                  (direction.first[0] == 'e' ? "Egress" : "Ingress") + "; add it to types");
        }
    }
}

Policy decode_policy(const Cursor& cursor, const KindSpec& kind, Identity identity) {
    Policy out;
    out.kind = kind.kind;
    out.global = !kind.namespaced;
    out.staged = kind.kind.substr(0, 6) == "Staged";
    out.name_space = std::move(identity.name_space);
    out.name = std::move(identity.name);
    out.place = cursor.place();
    out.applies_ingress = true;
    if (const auto metadata = cursor.child("metadata"); metadata && count_name_labels(out.name) > 2) {
        metadata->field_error("name", "a policy's name has at most two labels: \"name\" or \"tier.name\"");
    }
    const std::optional<Cursor> spec = cursor.child("spec");
    if (!spec || !spec->node().is_map()) {
        return out;
    }
    out.applies_ingress = false;
    if (const auto tier = spec->text("tier"); tier && !tier->empty()) {
        out.tier = *tier;
    }
    out.order = decode_order(*spec);
    out.staged_action = decode_staged_action(*spec);
    out.selector = decode_selector(*spec, "selector", GlobalRule::kRefused).value_or(Selector());
    out.namespace_selector = decode_selector(*spec, "namespaceSelector", GlobalRule::kAlone);
    out.service_account_selector = decode_selector(*spec, "serviceAccountSelector", GlobalRule::kRefused);
    const auto add = [&](const char* key, Direction direction, std::vector<Rule>& rules) {
        spec->each(key, [&](const Cursor& item) {
            rules.push_back(decode_rule(item, direction));
            rules.back().index = rules.size() - 1;
            if (const auto& service = rules.back().destination.service; service && service->name_space.empty() && out.global) {
                item.error("the service " + service->name + " needs its namespace, because this policy has none");
            }
        });
    };
    add("ingress", Direction::kIngress, out.ingress);
    add("egress", Direction::kEgress, out.egress);
    decode_types(*spec, out);
    refuse_host_fields(*spec);
    return out;
}

Resource with_annotations(const Cursor& cursor, Policy policy) {
    decode_policy_annotations(cursor, policy);
    return policy;
}

Resource decode_set(const Cursor& cursor, const KindSpec& kind, Identity identity) {
    NetworkSet out;
    out.kind = kind.kind;
    out.name_space = std::move(identity.name_space);
    out.name = std::move(identity.name);
    out.labels = std::move(identity.labels);
    out.place = cursor.place();
    const std::optional<Cursor> spec = cursor.child("spec");
    if (!spec || !spec->node().is_map()) {
        return out;
    }
    spec->each("nets", [&](const Cursor& item) {
        if (const std::optional<IpPrefix> net = decode_net(item)) {
            out.nets.push_back(*net);
        }
    });
    spec->each("allowedEgressDomains", [&](const Cursor& item) {
        if (std::optional<DomainPattern> pattern = decode_domain(item)) {
            out.domains.push_back(*std::move(pattern));
        }
    });
    return out;
}

Resource decode_tier(const Cursor& cursor, Identity identity) {
    Tier out;
    out.name = std::move(identity.name);
    out.place = cursor.place();
    const std::optional<Cursor> spec = cursor.child("spec");
    if (spec && spec->node().is_map()) {
        out.order = decode_order(*spec);
        if (spec->text("defaultAction").value_or("Deny") == "Pass") {
            out.default_action = RuleAction::kPass;
        }
    }
    if (out.name == kDefaultTier) {
        if (out.order.value_or(kDefaultTierOrder) != kDefaultTierOrder) {
            spec->field_error("order", "the order of the tier default is fixed at 1000000; remove the line");
        }
        if (out.default_action != RuleAction::kDeny) {
            spec->field_error("defaultAction", "the tier default always ends in Deny; remove the line");
        }
        out.order = kDefaultTierOrder;
    }
    return out;
}

void decode_container_ports(const Cursor& spec, std::string_view list, PodDocument& out) {
    spec.each(list, [&](const Cursor& container) {
        if (!container.node().is_map()) {
            return;
        }
        container.each("ports", [&](const Cursor& item) {
            const std::optional<Cursor> number = item.child("containerPort");
            const std::optional<std::int64_t> port = number ? decode_integer(*number, 1, 65535) : std::nullopt;
            const std::string name = item.text("name").value_or("");
            if (!port || name.empty()) {
                return;
            }
            const std::string protocol = item.text("protocol").value_or("TCP");
            const std::uint8_t protocol_number = protocol == "UDP" ? kProtocolUdp : protocol == "SCTP" ? kProtocolSctp : kProtocolTcp;
            out.ports.push_back({name, protocol_number, static_cast<std::uint16_t>(*port)});
        });
    });
}

Resource decode_pod(const Cursor& cursor, Identity identity) {
    PodDocument out;
    out.name_space = std::move(identity.name_space);
    out.name = std::move(identity.name);
    out.labels = std::move(identity.labels);
    out.place = cursor.place();
    if (const std::optional<Cursor> metadata = cursor.child("metadata"); metadata && metadata->node().is_map()) {
        out.annotations = decode_labels(*metadata, "annotations");
    }
    const std::optional<Cursor> spec = cursor.child("spec");
    if (spec && spec->node().is_map()) {
        out.service_account = spec->text("serviceAccountName").value_or("");
        decode_container_ports(*spec, "containers", out);
        decode_container_ports(*spec, "initContainers", out);
    }
    return out;
}

}  // namespace

Resource decode_resource(const Cursor& cursor, const KindSpec& kind) {
    Identity identity = decode_identity(cursor, kind);
    if (kind.kind == "NetworkSet" || kind.kind == "GlobalNetworkSet") {
        return decode_set(cursor, kind, std::move(identity));
    }
    if (kind.kind == "Tier") {
        return decode_tier(cursor, std::move(identity));
    }
    if (kind.kind == "Pod") {
        return decode_pod(cursor, std::move(identity));
    }
    if (kind.kind == "Namespace") {
        return NamespaceDocument{std::move(identity.name), std::move(identity.labels), cursor.place()};
    }
    if (kind.kind == "ServiceAccount") {
        return ServiceAccountDocument{std::move(identity.name_space), std::move(identity.name), std::move(identity.labels), cursor.place()};
    }
    if (kind.api_version == kKubernetesPolicyVersion) {
        return with_annotations(cursor, decode_kubernetes_policy(cursor, std::move(identity.name_space), std::move(identity.name)));
    }
    if (kind.api_version == kClusterPolicyVersion) {
        return with_annotations(cursor, decode_cluster_policy(cursor, std::move(identity.name)));
    }
    return with_annotations(cursor, decode_policy(cursor, kind, std::move(identity)));
}

}  // namespace namegate::policy
