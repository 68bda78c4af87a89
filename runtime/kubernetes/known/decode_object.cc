// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known/decode_object.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "kubernetes/known/decode_service.h"
#include "kubernetes/known/json_members.h"

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;

constexpr const char* kMirror = "kubernetes.io/config.mirror";
// The whole object once more, as `kubectl apply` sent it.
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

Result<Labels> labels_of(const Json& metadata) {
    Labels out;
    const Json* labels = member(metadata, "labels", Json::value_t::object);
    if (labels == nullptr) {
        return out;
    }
    if (labels->size() > kMaxObjectLabels) {
        return over_limit("metadata.labels", kMaxObjectLabels, "labels");
    }
    for (const auto& label : labels->items()) {
        if (!label.value().is_string()) {
            return Error(Code::kInvalidInput, "metadata.labels has a value that is not a string");
        }
        const auto& value = label.value().get_ref<const std::string&>();
        if (label.key().size() + value.size() > kMaxObjectText) {
            return over_limit("a label in metadata.labels", kMaxObjectText, "bytes");
        }
        out.emplace(label.key(), value);
    }
    return out;
}

// Those for which there is room, in the order of their names.
Labels annotations_of(const Json& metadata) {
    Labels out;
    const Json* annotations = member(metadata, "annotations", Json::value_t::object);
    if (annotations == nullptr) {
        return out;
    }
    std::size_t bytes = 0;
    for (const auto& one : annotations->items()) {
        if (one.key() == kLastApplied || !one.value().is_string()) {
            continue;
        }
        const auto& value = one.value().get_ref<const std::string&>();
        if (bytes + one.key().size() + value.size() <= kMaxAnnotationBytes) {
            bytes += one.key().size() + value.size();
            out.emplace(one.key(), value);
        }
    }
    return out;
}

Result<> add_ports(const Json& container, std::vector<NamedPort>& out) {
    const Json* ports = member(container, "ports", Json::value_t::array);
    if (ports == nullptr) {
        return ok();
    }
    for (const Json& port : *ports) {
        NG_ASSIGN(std::string name, text_of(port, "name"));
        NG_ASSIGN(const std::string protocol, text_of(port, "protocol"));
        const std::uint16_t value = port_of(port, "containerPort");
        const std::uint8_t in_packets = protocol_number(protocol);
        if (name.empty() || in_packets == 0 || value == 0) {
            continue;
        }
        if (out.size() == kMaxPodPorts) {
            return over_limit("spec.containers", kMaxPodPorts, "named ports");
        }
        out.push_back({std::move(name), in_packets, value});
    }
    return ok();
}

Result<PodFacts> decode_pod(const Json& object, const Json& metadata) {
    PodFacts pod;
    NG_ASSIGN(pod.uid, text_of(metadata, "uid"));
    if (pod.uid.empty()) {
        return Error(Code::kInvalidInput, "metadata.uid is missing");
    }
    if (const Json* annotations = member(metadata, "annotations", Json::value_t::object); annotations != nullptr) {
        NG_ASSIGN(pod.static_uid, text_of(*annotations, kMirror));
    }
    pod.annotations = annotations_of(metadata);
    const Json* spec = member(object, "spec", Json::value_t::object);
    if (spec == nullptr) {
        return Error(Code::kInvalidInput, "spec is missing");
    }
    NG_ASSIGN(pod.service_account, text_of(*spec, "serviceAccountName"));
    const Json* host_network = member(*spec, "hostNetwork", Json::value_t::boolean);
    pod.host_network = host_network != nullptr && host_network->get<bool>();
    if (const Json* status = member(object, "status", Json::value_t::object); status != nullptr) {
        NG_ASSIGN(const std::string phase, text_of(*status, "phase"));
        pod.running = phase == "Running";
    }
    if (const Json* containers = member(*spec, "containers", Json::value_t::array); containers != nullptr) {
        for (const Json& container : *containers) {
            NG_TRY(add_ports(container, pod.ports));
        }
    }
    return pod;
}

// What a rule needs of a pod that it may select. The address of a pod that has ended may be that of another one by now, and a pod that uses
// the node's network has the node's address.
Result<> add_peer_facts(const Json& object, PodFacts& pod) {
    pod.annotations.clear();
    const Json& spec = object["spec"];
    NG_ASSIGN(pod.node, text_of(spec, "nodeName"));
    const Json* status = member(object, "status", Json::value_t::object);
    if (status == nullptr || spec.value("hostNetwork", Json()) == true) {
        return ok();
    }
    NG_ASSIGN(const std::string phase, text_of(*status, "phase"));
    const Json* addresses = member(*status, "podIPs", Json::value_t::array);
    if (phase == "Succeeded" || phase == "Failed" || addresses == nullptr) {
        return ok();
    }
    if (addresses->size() > kMaxPodAddresses) {
        return over_limit("status.podIPs", kMaxPodAddresses, "addresses");
    }
    for (const Json& one : *addresses) {
        NG_ASSIGN(const std::string text, text_of(one, "ip"));
        if (const auto address = IpAddress::parse(text); address) {
            pod.addresses.push_back(*address);
        }
    }
    return ok();
}

Result<> add_facts(Kind kind, const Json& object, Object& out) {
    if (is_pod_kind(kind)) {
        NG_ASSIGN(out.pod, decode_pod(object, object["metadata"]));
    }
    if (kind == Kind::kPeers) {
        return add_peer_facts(object, *out.pod);
    }
    if (kind == Kind::kServices) {
        NG_ASSIGN(out.service, decode_service(object));
    } else if (kind == Kind::kEndpointSlices) {
        NG_ASSIGN(out.slice, decode_slice(object));
    }
    return ok();
}

}  // namespace

Result<ObjectName> decode_name(Kind kind, const Json& object) {
    const Json* metadata = member(object, "metadata", Json::value_t::object);
    if (metadata == nullptr) {
        return Error(Code::kInvalidInput, "metadata is missing");
    }
    ObjectName out;
    NG_ASSIGN(out.name, text_of(*metadata, "name"));
    NG_ASSIGN(out.name_space, text_of(*metadata, "namespace"));
    if (out.name.empty()) {
        return Error(Code::kInvalidInput, "metadata.name is missing");
    }
    if (out.name_space.empty() != (kind == Kind::kNamespaces)) {
        return Error(Code::kInvalidInput,
                     kind == Kind::kNamespaces ? "a namespace has metadata.namespace" : "metadata.namespace is missing");
    }
    return out;
}

Result<Object> decode_object(Kind kind, const Json& object) {
    NG_ASSIGN(ObjectName name, decode_name(kind, object));
    const std::string place = to_string(name);
    const Json& metadata = object["metadata"];
    Object out;
    out.name = std::move(name);
    // The labels of Services and slices are not used.
    if (kind != Kind::kServices && kind != Kind::kEndpointSlices) {
        auto labels = labels_of(metadata);
        if (!labels) {
            return labels.error().with_context(place);
        }
        out.labels = std::move(labels).value();
    }
    if (const auto facts = add_facts(kind, object, out); !facts) {
        return facts.error().with_context(place);
    }
    return out;
}

}  // namespace namegate::kubernetes
