// SPDX-License-Identifier: Apache-2.0
// Groups, and requests for single objects: reading, creating, replacing and merging into them.
#include <algorithm>

#include "support/api_server/api_server.h"

namespace namegate::test {
namespace {

constexpr int kCreated = 201;
constexpr int kNotFound = 404;
constexpr int kConflict = 409;

std::string failure(int code, const std::string& reason) {
    return Json{{"kind", "Status"}, {"status", "Failure"}, {"message", reason}, {"reason", reason}, {"code", code}}.dump();
}

std::vector<std::string> split(const std::string& path) {
    std::vector<std::string> out;
    for (std::size_t begin = 1; begin <= path.size() && !path.empty();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        out.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

}  // namespace

// "/api/v1/pods", "/apis/GROUP/VERSION", "/apis/GROUP/VERSION/[namespaces/NAMESPACE/]RESOURCE[/NAME[/SUBRESOURCE]]"
ApiServer::Target ApiServer::target_of(const std::string& path) {
    const std::vector<std::string> parts = split(path);
    Target out;
    const bool is_core = !parts.empty() && parts[0] == "api";
    std::size_t at = is_core ? 2 : 3;
    out.is_group = parts.size() == at && !is_core;
    const std::string version = parts.size() < 3 ? "" : parts[1] + "/" + parts[2];
    if (out.is_group) {
        out.kind = version;
        return out;
    }
    if (at + 2 < parts.size() && parts[at] == "namespaces") {
        out.name_space = parts[at + 1];
        at += 2;
    }
    out.kind = at < parts.size() ? (is_core ? "" : version + "/") + parts[at] : "";
    out.name = at + 1 < parts.size() ? parts[at + 1] : "";
    out.subresource = at + 2 < parts.size() ? parts[at + 2] : "";
    return out;
}

void ApiServer::serve_group(const std::string& version, const std::vector<std::string>& resources) {
    const std::lock_guard lock(mutex_);
    groups_[version] = resources;
}

bool ApiServer::is_served(const std::string& kind) const {
    const std::lock_guard lock(mutex_);
    const std::size_t slash = kind.rfind('/');
    const auto group = slash == std::string::npos ? groups_.end() : groups_.find(kind.substr(0, slash));
    return slash == std::string::npos ||
           (group != groups_.end() && std::find(group->second.begin(), group->second.end(), kind.substr(slash + 1)) != group->second.end());
}

std::optional<Json> ApiServer::find(const std::string& kind, const std::string& name_space, const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto history = kinds_.find(kind);
    if (history == kinds_.end() || history->second.objects().count({name_space, name}) == 0) {
        return std::nullopt;
    }
    return history->second.objects().at({name_space, name});
}

bool ApiServer::answer_group(TlsConnection& connection, const std::string& version) {
    Json list{{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", version}, {"resources", Json::array()}};
    {
        const std::lock_guard lock(mutex_);
        for (const std::string& resource : groups_[version]) {
            list["resources"].push_back({{"name", resource}, {"namespaced", true}, {"verbs", {"get", "list", "watch"}}});
            list["resources"].push_back({{"name", resource + "/status"}, {"namespaced", true}, {"verbs", {"get", "patch"}}});
        }
    }
    const bool found = !list["resources"].empty();
    return connection.reply(found ? 200 : kNotFound, found ? list.dump() : failure(kNotFound, "NotFound"));
}

bool ApiServer::answer_object(TlsConnection& connection, const ReceivedRequest& request, const Target& target) {
    const std::lock_guard lock(mutex_);
    ObjectHistory& history = kinds_[target.kind];
    Json body = request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, false);
    const bool is_new = request.method == "POST";
    if (is_new && body["metadata"].contains("generateName") && !body["metadata"].contains("name")) {
        body["metadata"]["name"] = body["metadata"]["generateName"].get<std::string>() + std::to_string(version_);
    }
    const ObjectHistory::Name name{target.name_space, is_new ? body["metadata"].value("name", "") : target.name};
    const auto known = history.objects().find(name);
    if (is_new == (known != history.objects().end())) {
        return connection.reply(is_new ? kConflict : kNotFound,
                                failure(is_new ? kConflict : kNotFound, is_new ? "AlreadyExists" : "NotFound"));
    }
    if (request.method == "GET") {
        return connection.reply(200, known->second.dump());
    }
    const std::string expected = body.contains("metadata") ? body["metadata"].value("resourceVersion", "") : "";
    if (!is_new && !expected.empty() && known->second["metadata"]["resourceVersion"] != expected) {
        return connection.reply(kConflict, failure(kConflict, "Conflict"));
    }
    Json object = is_new || request.method == "PUT" ? body : known->second;
    if (request.method == "PATCH") {
        object.merge_patch(target.subresource.empty() ? body : Json{{target.subresource, body[target.subresource]}});
    }
    object["metadata"]["namespace"] = target.name_space;
    history.put(++version_, object);
    changed_.notify_all();
    return connection.reply(is_new ? kCreated : 200, history.objects().at(name).dump());
}

}  // namespace namegate::test
