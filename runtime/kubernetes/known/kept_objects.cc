// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known/kept_objects.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/checksum.h"
#include "base/file.h"
#include "kubernetes/known/kept_services.h"
#include "kubernetes/known/knowledge.h"

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kFormat = "namegate kubernetes 1 ";
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr const char* kUnreadable = "has an object that cannot be read";

Json ports_json(const std::vector<NamedPort>& ports) {
    Json out = Json::array();
    for (const NamedPort& port : ports) {
        out.push_back({port.name, port.protocol, port.port});
    }
    return out;
}

Json to_json(const Object& object) {
    Json out{{"name", object.name.name}};
    if (!object.name.name_space.empty()) {
        out["namespace"] = object.name.name_space;
    }
    if (!object.labels.empty()) {
        out["labels"] = object.labels;
    }
    if (object.pod) {
        out["pod"] = {{"uid", object.pod->uid},
                      {"staticUid", object.pod->static_uid},
                      {"serviceAccount", object.pod->service_account},
                      {"annotations", object.pod->annotations},
                      {"ports", ports_json(object.pod->ports)},
                      {"hostNetwork", object.pod->host_network},
                      {"running", object.pod->running}};
        if (!object.pod->node.empty() || !object.pod->addresses.empty()) {
            out["pod"]["node"] = object.pod->node;
            out["pod"]["addresses"] = addresses_json(object.pod->addresses);
        }
    }
    if (object.service) {
        out["service"] = to_json(*object.service);
    }
    if (object.slice) {
        out["slice"] = to_json(*object.slice);
    }
    return out;
}

PodFacts pod_from(const Json& json) {
    PodFacts pod;
    json.at("uid").get_to(pod.uid);
    json.at("staticUid").get_to(pod.static_uid);
    json.at("serviceAccount").get_to(pod.service_account);
    pod.annotations = json.at("annotations").get<Labels>();
    for (const Json& port : json.at("ports")) {
        pod.ports.push_back({port.at(0).get<std::string>(), port.at(1).get<std::uint8_t>(), port.at(2).get<std::uint16_t>()});
    }
    if (json.contains("addresses")) {
        json.at("node").get_to(pod.node);
        pod.addresses = addresses_from(json.at("addresses"));
    }
    // Earlier builds did not write these.
    pod.host_network = json.value("hostNetwork", false);
    pod.running = json.value("running", false);
    return pod;
}

Object object_from(Kind kind, const Json& json) {
    Object out;
    json.at("name").get_to(out.name.name);
    if (kind != Kind::kNamespaces) {
        json.at("namespace").get_to(out.name.name_space);
    }
    if (json.contains("labels")) {
        out.labels = json.at("labels").get<Labels>();
    }
    if (is_pod_kind(kind)) {
        out.pod = pod_from(json.at("pod"));
    } else if (kind == Kind::kServices) {
        out.service = service_from(json.at("service"));
    } else if (kind == Kind::kEndpointSlices) {
        out.slice = slice_from(json.at("slice"));
    }
    return out;
}

std::string header_of(std::string_view body) { return std::string(kFormat) + std::to_string(checksum_of(body)) + "\n"; }

}  // namespace

std::string kept_path(const std::string& folder, Kind kind) { return folder + "/" + std::string(to_string(kind)); }

std::string encode_kept(Kind kind, const std::string& resource_version,
                        const std::map<ObjectName, std::shared_ptr<const Object>>& objects) {
    Json list = Json::array();
    for (const auto& entry : objects) {
        list.push_back(to_json(*entry.second));
    }
    const Json all{{"kind", to_string(kind)}, {"resourceVersion", resource_version}, {"objects", std::move(list)}};
    // The parser has checked that all texts are UTF-8.
    const std::string body = all.dump(-1, ' ', false, Json::error_handler_t::replace);
    return header_of(body) + body;
}

Result<KeptObjects> decode_kept(Kind kind, std::string_view content) {
    const std::size_t end = content.find('\n');
    const std::string_view body = end == std::string_view::npos ? std::string_view() : content.substr(end + 1);
    if (body.empty() || content.substr(0, end + 1) != header_of(body)) {
        return Error(Code::kInvalidInput, "is damaged");
    }
    // Whoever can write a file with a matching checksum into this folder can write policies too. The types are checked all the same.
    try {
        const Json all = Json::parse(body);
        KeptObjects out;
        if (all.at("kind").get<std::string>() != to_string(kind) || all.at("objects").size() > kMaxKnownObjects) {
            return Error(Code::kInvalidInput, "is of another kind, or too large");
        }
        all.at("resourceVersion").get_to(out.resource_version);
        for (const Json& object : all.at("objects")) {
            out.objects.push_back(object_from(kind, object));
        }
        return out;
    } catch (const Json::exception&) {
        return Error(Code::kInvalidInput, kUnreadable);
    }
}

Result<KeptObjects> read_kept(const std::string& folder, Kind kind) {
    const std::string path = kept_path(folder, kind);
    NG_ASSIGN(const std::string content, read_file(path, kMaxKeptBytes));
    return decode_kept(kind, content).with_context(path);
}

Result<> write_kept(const std::string& folder, Kind kind, const std::string& resource_version,
                    const std::map<ObjectName, std::shared_ptr<const Object>>& objects) {
    NG_TRY(make_directories(folder, kFolderMode));
    return write_file_atomically(kept_path(folder, kind), encode_kept(kind, resource_version, objects), kFileMode);
}

}  // namespace namegate::kubernetes
