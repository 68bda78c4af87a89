// SPDX-License-Identifier: Apache-2.0
#include "containerd/pod_metadata.h"

#include <nlohmann/json.hpp>

namespace namegate::containerd {

namespace {

using Json = nlohmann::json;

const Json* find(const Json* object, const char* key) {
    if (object == nullptr || !object->is_object()) {
        return nullptr;
    }
    const auto found = object->find(key);
    return found == object->end() || found->is_null() ? nullptr : &*found;
}

std::string text(const Json* value) { return value != nullptr && value->is_string() ? value->get<std::string>() : std::string(); }

}  // namespace

Result<> check_labels(const Labels& labels) {
    if (labels.size() > kMaxLabels) {
        return Error(Code::kExhausted,
                     "containerd gives " + std::to_string(labels.size()) + " labels, more than the limit of " + std::to_string(kMaxLabels));
    }
    std::size_t total = 0;
    for (const auto& [key, value] : labels) {
        total += key.size() + value.size();
        if (key.size() > kMaxLabelText || value.size() > kMaxLabelText || total > kMaxAllLabelBytes) {
            return Error(Code::kExhausted, "containerd's labels are too long, at \"" + key.substr(0, 64) + "\"; the limit is " +
                                               std::to_string(kMaxLabelText) + " bytes for a key or value, and in total " +
                                               std::to_string(kMaxAllLabelBytes));
        }
    }
    return ok();
}

Result<PodMetadata> parse_pod_metadata(std::string_view json) {
    const Json parsed = Json::parse(json, nullptr, false);
    const Json* config = find(find(&parsed, "Metadata"), "Config");
    const Json* pod = find(config, "metadata");
    PodMetadata out{text(find(pod, "namespace")), text(find(pod, "name")), text(find(pod, "uid")), {}};
    if (out.name.empty()) {
        return Error(Code::kInvalidInput, "containerd's description of the pod has an unknown form");
    }
    const Json* given = find(config, "labels");
    const Json labels = given == nullptr ? Json::object() : *given;
    if (!labels.is_object()) {
        return Error(Code::kInvalidInput, "containerd's labels of pod " + out.name + " are not an object");
    }
    for (const auto& item : labels.items()) {
        if (!item.value().is_string()) {
            return Error(Code::kInvalidInput, "containerd's label \"" + item.key() + "\" of pod " + out.name + " is not a string");
        }
        out.labels.emplace(item.key(), item.value().get<std::string>());
    }
    NG_TRY(check_labels(out.labels));
    return out;
}

}  // namespace namegate::containerd
