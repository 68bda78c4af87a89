// SPDX-License-Identifier: Apache-2.0
#include "rollout/conflist.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "cni/json.h"

namespace namegate::rollout {

namespace {

using cni::Json;

constexpr const char* kType = "namegate";
// Earlier ones pass no result to the next plugin.
constexpr std::array<std::string_view, 4> kVersions = {"0.3.1", "0.4.0", "1.0.0", "1.1.0"};

// The plugins of a conflist, or the one plugin of a configuration.
Result<std::vector<Json>> plugins_of(const Json& network) {
    const Json* list = cni::find_member(network, "plugins");
    if (list == nullptr) {
        return std::vector<Json>{network};
    }
    if (!list->is_array() || list->empty()) {
        return Error(Code::kInvalidInput, "plugins must be a list with at least one plugin");
    }
    if (list->size() > kMaxPluginsOfConflist) {
        return Error(Code::kExhausted, "plugins has more than " + std::to_string(kMaxPluginsOfConflist) + " plugins");
    }
    std::vector<Json> out;
    for (const Json& plugin : *list) {
        if (!plugin.is_object()) {
            return Error(Code::kInvalidInput, "each of plugins must be an object");
        }
        out.push_back(plugin);
    }
    return out;
}

Result<std::string> type_of(const Json& plugin) {
    NG_ASSIGN(std::string type, cni::get_string(plugin, "type"));
    // It becomes the name of a file.
    if (type.empty() || type.find('/') != std::string::npos) {
        return Error(Code::kInvalidInput, "the type of a plugin must be the name of a program, not \"" + type + "\"");
    }
    return type;
}

// One plugin's configuration as a conflist with that plugin.
Json conflist_of(const Json& network) {
    if (network.contains("plugins")) {
        return network;
    }
    Json out;
    for (const char* key : {"cniVersion", "name"}) {
        if (network.contains(key)) {
            out[key] = network[key];
        }
    }
    out["plugins"] = Json::array({network});
    return out;
}

}  // namespace

Result<std::string> chain_namegate(std::string_view text, const std::string& settings) {
    NG_ASSIGN(const Json network, cni::parse_object(text));
    NG_ASSIGN(const std::string version, cni::get_string(network, "cniVersion"));
    if (std::find(kVersions.begin(), kVersions.end(), version) == kVersions.end()) {
        return Error(Code::kUnsupported,
                     "cniVersion is \"" + version + "\"; namegate can follow a plugin with 0.3.1, 0.4.0, 1.0.0 or 1.1.0");
    }
    NG_ASSIGN(std::vector<Json> plugins, plugins_of(network));
    for (const Json& plugin : plugins) {
        NG_ASSIGN(const std::string type, type_of(plugin));
        if (type == kType) {
            return Error(Code::kExists, "namegate is one of its plugins already");
        }
    }
    const Json entry = {
        {"type", kType}, {"config", settings}, {"capabilities", {{"io.kubernetes.cri.pod-annotations", true}, {"dns", true}}}};
    plugins.insert(plugins.begin() + 1, entry);
    Json out = conflist_of(network);
    out["plugins"] = plugins;
    return out.dump(2) + "\n";
}

Result<std::vector<std::string>> needed_plugins(std::string_view text) {
    NG_ASSIGN(const Json network, cni::parse_object(text));
    NG_ASSIGN(const std::vector<Json> plugins, plugins_of(network));
    std::set<std::string> out;
    for (const Json& plugin : plugins) {
        NG_ASSIGN(std::string type, type_of(plugin));
        out.insert(std::move(type));
        const Json* ipam = cni::find_member(plugin, "ipam");
        if (ipam != nullptr && ipam->is_object() && ipam->contains("type")) {
            NG_ASSIGN(std::string address_plugin, type_of(*ipam));
            out.insert(std::move(address_plugin));
        }
    }
    if (out.erase(kType) == 0) {
        return Error(Code::kInvalidInput, "namegate is none of its plugins, so it would police no pod");
    }
    return std::vector<std::string>(out.begin(), out.end());
}

}  // namespace namegate::rollout
