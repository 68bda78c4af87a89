// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/policy_object.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/identifiers.h"
#include "kubernetes/client/json_text.h"
#include "policy/documents/policy_store.h"
#include "policy/documents/schema.h"

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;

constexpr const char* kDefaultTier = "default";
constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
// Where Calico stores the metadata of an object as its API shows it.
constexpr const char* kCalicoMetadata = "projectcalico.org/metadata";
// Calico's API shows Kubernetes' policies among its own, under such names.
constexpr std::string_view kKubernetesPolicyName = "knp.default.";
constexpr std::array kMetadataFields = {"name", "namespace", "labels", "annotations"};

// Null: there is none.
const Json& value_or_null(const Json& object, const char* key) {
    static const Json none;
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() ? *found : none;
}

// What an annotation of the object says its labels, annotations and name are, if it has one.
Result<> read_calico_metadata(const PolicyKind& kind, const Json& spec, Json& metadata) {
    const std::string name = text_at(metadata, {"name"});
    const Json& stored = value_or_null(value_or_null(metadata, "annotations"), kCalicoMetadata);
    if (!stored.is_null()) {
        const auto shown = stored.is_string() ? parse_json_object(stored.get_ref<const std::string&>())
                                              : Result<Json>(Error(Code::kInvalidInput, "not text"));
        if (!shown) {
            return shown.error().with_context(std::string("metadata.annotations[") + kCalicoMetadata + "]");
        }
        metadata["annotations"].erase(kCalicoMetadata);
        for (const char* const key : {"labels", "annotations"}) {
            if (const Json& more = value_or_null(*shown, key); more.is_object()) {
                Json& own = metadata[key];
                own = own.is_object() ? own : Json::object();
                own.update(more);
            }
        }
        const std::string shown_name = text_at(*shown, {"name"});
        if (!shown_name.empty() && (shown_name == name || kDefaultTier + ("." + shown_name) == name)) {
            metadata["name"] = shown_name;
            return ok();
        }
    }
    const std::string prefix = std::string(kDefaultTier) + ".";
    const std::string tier = text_at(spec, {"tier"});
    const bool is_policy = kind.kind.ends_with("Policy");
    if (is_policy && name.starts_with(prefix) && (tier.empty() || tier == kDefaultTier)) {
        metadata["name"] = name.substr(prefix.size());
    }
    return ok();
}

}  // namespace

Result<ObjectName> policy_name(const PolicyKind& kind, const Json& object) {
    ObjectName out;
    out.name = text_at(object, {"metadata", "name"});
    if (!is_object_name(out.name)) {
        return Error(Code::kInvalidInput, "an object without a name, or with one that is none");
    }
    if (kind.namespaced) {
        out.name_space = text_at(object, {"metadata", "namespace"});
        if (!is_object_name(out.name_space, kMaxNamespaceName)) {
            return Error(Code::kInvalidInput, out.name + " has no namespace, or one that is none");
        }
    }
    return out;
}

std::string policy_path(const PolicyGroup& group, const PolicyKind& kind, const ObjectName& name) {
    return folder_of(group, kind) + (name.name_space.empty() ? "" : name.name_space + "/") + name.name;
}

bool is_foreign(const PolicyGroup& group, const ObjectName& name) {
    return group.version == policy::kCalicoVersion && name.name.starts_with(kKubernetesPolicyName);
}

Result<std::string> policy_text(const PolicyGroup& group, const PolicyKind& kind, const Json& object) {
    Json document = object;
    document.erase("status");
    // Items of a list have neither.
    document["apiVersion"] = group.form == PolicyForm::kAsServed ? group.version : policy::kCalicoVersion;
    document["kind"] = kind.kind;
    Json metadata = Json::object();
    for (const char* const key : kMetadataFields) {
        if (const Json& value = value_or_null(value_or_null(object, "metadata"), key); !value.is_null()) {
            metadata[key] = value;
        }
    }
    if (metadata.contains("annotations") && metadata["annotations"].is_object()) {
        metadata["annotations"].erase(kLastApplied);
    }
    if (group.form == PolicyForm::kStoredByCalico) {
        NG_TRY(read_calico_metadata(kind, value_or_null(object, "spec"), metadata));
    }
    document["metadata"] = std::move(metadata);
    // The parser has checked that all texts are UTF-8.
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace namegate::kubernetes
