// SPDX-License-Identifier: Apache-2.0
#include "cni/config.h"

#include <string>
#include <utility>

#include "base/identifiers.h"

namespace namegate::cni {

namespace {

using StringMap = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kAnnotationsKey = "io.kubernetes.cri.pod-annotations";

Error invalid(std::string text) { return {Code::kInvalidInput, std::move(text)}; }

Result<> parse_ipam(const Json& object, NetworkConfig& config) {
    const Json* ipam = find_member(object, "ipam");
    if (ipam == nullptr || (ipam->is_object() && ipam->empty())) {
        return ok();
    }
    if (!ipam->is_object()) {
        return invalid("ipam must be an object");
    }
    NG_ASSIGN(config.ipam_type, get_string(*ipam, "type", "ipam"));
    if (config.ipam_type.empty()) {
        return invalid("ipam.type is missing: name the IPAM plugin, for instance \"host-local\"");
    }
    if (config.ipam_type.find('/') != std::string::npos || config.ipam_type == "." || config.ipam_type == "..") {
        return invalid("ipam.type \"" + config.ipam_type + "\" must be the name of a program in CNI_PATH, without a path");
    }
    return ok();
}

Result<> parse_mtu(const Json& object, NetworkConfig& config) {
    NG_ASSIGN(const std::optional<unsigned> mtu, get_unsigned(object, "mtu"));
    config.mtu = mtu.value_or(0);
    if (config.mtu != 0 && (config.mtu < kMinMtu || config.mtu > kMaxMtu)) {
        return invalid("mtu is " + std::to_string(config.mtu) + ", and must be " + std::to_string(kMinMtu) + " to " +
                       std::to_string(kMaxMtu) + ", or 0 for the default");
    }
    return ok();
}

Result<> add_label(StringMap& labels, std::string key, std::string value) {
    if (key.empty()) {
        return invalid("args.cni.labels: a label without a key");
    }
    if (labels.size() >= kMaxLabels) {
        return invalid("args.cni.labels has more than " + std::to_string(kMaxLabels) + " labels");
    }
    if (!labels.emplace(key, std::move(value)).second) {
        return invalid("args.cni.labels: \"" + key + "\" is given twice");
    }
    return ok();
}

// The convention is [{"key": "app", "value": "web"}]. A plain object is accepted too, because it is what people try
// first.
Result<> parse_labels(const Json& object, NetworkConfig& config) {
    const Json* args = find_member(object, "args");
    const Json* cni = args == nullptr ? nullptr : find_member(*args, "cni");
    const Json* labels = cni == nullptr ? nullptr : find_member(*cni, "labels");
    if (labels == nullptr) {
        return ok();
    }
    config.labels_given = true;
    if (labels->is_object()) {
        for (auto item = labels->begin(); item != labels->end(); ++item) {
            NG_ASSIGN(std::string value, get_string(*labels, item.key(), "args.cni.labels"));
            NG_TRY(add_label(config.labels, item.key(), std::move(value)));
        }
        return ok();
    }
    if (!labels->is_array()) {
        return invalid("args.cni.labels must be a list of {\"key\": ..., \"value\": ...}");
    }
    for (std::size_t i = 0; i < labels->size(); ++i) {
        const std::string where = "args.cni.labels[" + std::to_string(i) + "]";
        if (!(*labels)[i].is_object()) {
            return invalid(where + " must be {\"key\": ..., \"value\": ...}");
        }
        NG_ASSIGN(std::string key, get_string((*labels)[i], "key", where));
        NG_ASSIGN(std::string value, get_string((*labels)[i], "value", where));
        NG_TRY(add_label(config.labels, std::move(key), std::move(value)));
    }
    return ok();
}

// Some runtimes capitalize the keys of capability arguments ("Servers").
Result<std::vector<std::string>> capability_strings(const Json& object, std::string_view key) {
    const Json* member = find_member_any_case(object, key);
    if (member == nullptr) {
        return std::vector<std::string>();
    }
    return get_strings(Json{{std::string(key), *member}}, key, "runtimeConfig.dns");
}

Result<> parse_runtime_config(const Json& object, NetworkConfig& config) {
    const Json* runtime = find_member(object, "runtimeConfig");
    if (runtime == nullptr) {
        return ok();
    }
    if (!runtime->is_object()) {
        return invalid("runtimeConfig must be an object");
    }
    if (const Json* annotations = find_member_any_case(*runtime, kAnnotationsKey)) {
        if (!annotations->is_object()) {
            return invalid("runtimeConfig: " + std::string(kAnnotationsKey) + " must be an object of strings");
        }
        for (auto item = annotations->begin(); item != annotations->end(); ++item) {
            NG_ASSIGN(config.annotations[item.key()], get_string(*annotations, item.key(), kAnnotationsKey));
        }
    }
    const Json* dns = find_member_any_case(*runtime, "dns");
    if (dns != nullptr && config.dns.empty()) {
        if (!dns->is_object()) {
            return invalid("runtimeConfig.dns must be an object");
        }
        NG_ASSIGN(config.dns.nameservers, capability_strings(*dns, "servers"));
        NG_ASSIGN(config.dns.search, capability_strings(*dns, "searches"));
        NG_ASSIGN(config.dns.options, capability_strings(*dns, "options"));
    }
    return ok();
}

// An earlier specification misspelt the key; runtimes give the same list under both keys.
Result<> parse_attachments(const Json& object, NetworkConfig& config) {
    const Json* list = find_member(object, "cni.dev/valid-attachments");
    if (list == nullptr) {
        list = find_member(object, "cni.dev/attachments");
    }
    if (list == nullptr) {
        return ok();
    }
    if (!list->is_array() || list->size() > kMaxAttachments) {
        return invalid("cni.dev/valid-attachments must be a list of at most " + std::to_string(kMaxAttachments));
    }
    std::vector<Attachment> attachments;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string where = "cni.dev/valid-attachments[" + std::to_string(i) + "]";
        Attachment attachment;
        NG_ASSIGN(attachment.container_id, get_string((*list)[i], "containerID", where));
        NG_ASSIGN(attachment.ifname, get_string((*list)[i], "ifname", where));
        // Skipping a damaged entry would remove the network of a running pod.
        if (!is_identifier(attachment.container_id) || !is_interface_name(attachment.ifname)) {
            return invalid(where + " must have a valid containerID and ifname");
        }
        attachments.push_back(std::move(attachment));
    }
    config.valid_attachments = std::move(attachments);
    return ok();
}

Result<> parse_prev_result(const Json& object, NetworkConfig& config) {
    const Json* previous = find_member(object, "prevResult");
    if (previous == nullptr) {
        return ok();
    }
    if (!previous->is_object()) {
        return invalid("prevResult must be an object");
    }
    config.prev_result = *previous;
    return ok();
}

}  // namespace

Result<std::string> config_version(const Json& object) {
    NG_ASSIGN(std::string version, get_string(object, "cniVersion"));
    return version.empty() ? std::string("0.1.0") : version;
}

Result<NetworkConfig> parse_removal_config(const Json& object, std::string document) {
    NetworkConfig config;
    config.document = std::move(document);
    NG_ASSIGN(config.cni_version, config_version(object));
    NG_ASSIGN(config.name, get_string(object, "name"));
    if (config.name.empty()) {
        return invalid("name is missing: the network needs a name");
    }
    if (!is_identifier(config.name)) {
        return invalid("name \"" + config.name + "\" must start with a letter or digit and hold only letters, digits, '_', '.' and '-'");
    }
    NG_ASSIGN(config.type, get_string(object, "type"));
    NG_ASSIGN(std::string path, get_string(object, "config"));
    if (!path.empty()) {
        if (path.front() != '/') {
            return invalid("config \"" + path + "\" must be an absolute path");
        }
        config.config_path = std::move(path);
    }
    NG_ASSIGN(config.ip_masq, get_bool(object, "ipMasq"));
    NG_TRY(parse_ipam(object, config));
    return config;
}

Result<NetworkConfig> parse_config(const Json& object, std::string document) {
    NG_ASSIGN(NetworkConfig config, parse_removal_config(object, std::move(document)));
    NG_TRY(parse_mtu(object, config));
    NG_TRY(parse_labels(object, config));
    if (const Json* dns = find_member(object, "dns")) {
        NG_ASSIGN(config.dns, parse_dns(*dns, "dns"));
    }
    NG_TRY(parse_runtime_config(object, config));
    NG_TRY(parse_prev_result(object, config));
    NG_TRY(parse_attachments(object, config));
    return config;
}

}  // namespace namegate::cni
