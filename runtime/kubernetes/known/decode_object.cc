// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known/decode_object.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;

constexpr const char* kMirror = "kubernetes.io/config.mirror";
// The whole object once more, as `kubectl apply` sent it.
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::uint32_t kMaxPort = 65535;

// The member of this name and type, or null.
const Json* member(const Json& object, const char* name, Json::value_t type) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto found = object.find(name);
    return found == object.end() || found->type() != type ? nullptr : &*found;
}

Error over(const std::string& what, std::size_t limit, const char* unit) {
    return {Code::kExhausted, what + " exceeds the limit of " + std::to_string(limit) + " " + unit};
}

Result<std::string> text_of(const Json& object, const char* name) {
    const Json* value = member(object, name, Json::value_t::string);
    if (value == nullptr) {
        return std::string();
    }
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > kMaxObjectText) {
        return over(name, kMaxObjectText, "bytes");
    }
    return text;
}

Result<Labels> labels_of(const Json& metadata) {
    Labels out;
    const Json* labels = member(metadata, "labels", Json::value_t::object);
    if (labels == nullptr) {
        return out;
    }
    if (labels->size() > kMaxObjectLabels) {
        return over("metadata.labels", kMaxObjectLabels, "labels");
    }
    for (const auto& label : labels->items()) {
        if (!label.value().is_string()) {
            return Error(Code::kInvalidInput, "metadata.labels has a value that is not a string");
        }
        const auto& value = label.value().get_ref<const std::string&>();
        if (label.key().size() + value.size() > kMaxObjectText) {
            return over("a label in metadata.labels", kMaxObjectText, "bytes");
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

// 0: policies cannot name ports of this protocol.
std::uint8_t protocol_number(const std::string& name) {
    constexpr std::uint8_t kTcp = 6;
    constexpr std::uint8_t kUdp = 17;
    constexpr std::uint8_t kSctp = 132;
    return name.empty() || name == "TCP" ? kTcp : name == "UDP" ? kUdp : name == "SCTP" ? kSctp : 0;
}

Result<> add_ports(const Json& container, std::vector<NamedPort>& out) {
    const Json* ports = member(container, "ports", Json::value_t::array);
    if (ports == nullptr) {
        return ok();
    }
    for (const Json& port : *ports) {
        NG_ASSIGN(std::string name, text_of(port, "name"));
        NG_ASSIGN(const std::string protocol, text_of(port, "protocol"));
        const Json* number = member(port, "containerPort", Json::value_t::number_unsigned);
        const std::uint64_t value = number == nullptr ? 0 : number->get<std::uint64_t>();
        const std::uint8_t in_packets = protocol_number(protocol);
        if (name.empty() || in_packets == 0 || value == 0 || value > kMaxPort) {
            continue;
        }
        if (out.size() == kMaxPodPorts) {
            return over("spec.containers", kMaxPodPorts, "named ports");
        }
        out.push_back({std::move(name), in_packets, static_cast<std::uint16_t>(value)});
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
    Object out{std::move(name), {}, std::nullopt};
    auto labels = labels_of(metadata);
    if (!labels) {
        return labels.error().with_context(place);
    }
    out.labels = std::move(labels).value();
    if (kind == Kind::kPods) {
        auto pod = decode_pod(object, metadata);
        if (!pod) {
            return pod.error().with_context(place);
        }
        out.pod = std::move(pod).value();
    }
    return out;
}

}  // namespace namegate::kubernetes
