// SPDX-License-Identifier: Apache-2.0
#include "api_server.h"

namespace namegate::test {

namespace {

Json metadata_of(const std::string& name_space, const std::string& name, const Json& labels) {
    Json out{{"name", name}, {"labels", labels}};
    if (!name_space.empty()) {
        out["namespace"] = name_space;
    }
    return out;
}

}  // namespace

Json namespace_object(const std::string& name, const Json& labels) {
    return {{"kind", "Namespace"}, {"apiVersion", "v1"}, {"metadata", metadata_of("", name, labels)}};
}

Json account_object(const std::string& name_space, const std::string& name, const Json& labels) {
    return {{"kind", "ServiceAccount"}, {"apiVersion", "v1"}, {"metadata", metadata_of(name_space, name, labels)}};
}

Json pod_object(const std::string& node, const std::string& name_space, const std::string& name, const std::string& uid, const Json& labels,
                const Json& more) {
    Json out{{"kind", "Pod"},
             {"apiVersion", "v1"},
             {"metadata", metadata_of(name_space, name, labels)},
             {"spec", {{"nodeName", node}, {"serviceAccountName", "default"}, {"containers", Json::array({{{"name", "main"}}})}}}};
    out["metadata"]["uid"] = uid;
    out.merge_patch(more);
    return out;
}

Json service_object(const std::string& name_space, const std::string& name, const std::vector<std::string>& addresses, const Json& ports) {
    return {{"kind", "Service"},
            {"metadata", metadata_of(name_space, name, Json::object())},
            {"spec", {{"clusterIP", addresses.empty() ? "None" : addresses.front()}, {"clusterIPs", addresses}, {"ports", ports}}}};
}

Json slice_object(const std::string& name_space, const std::string& service, const std::string& suffix, const Json& ports,
                  const std::vector<SlicePod>& pods) {
    Json endpoints = Json::array();
    for (const SlicePod& pod : pods) {
        endpoints.push_back({{"addresses", {pod.address}},
                             {"conditions", {{"ready", pod.ready}}},
                             {"targetRef", {{"kind", "Pod"}, {"namespace", name_space}, {"name", pod.name}}}});
    }
    return {{"kind", "EndpointSlice"},
            {"metadata", metadata_of(name_space, service + "-" + suffix, {{"kubernetes.io/service-name", service}})},
            {"addressType", "IPv4"},
            {"ports", ports},
            {"endpoints", endpoints}};
}

}  // namespace namegate::test
