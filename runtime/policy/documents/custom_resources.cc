// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/custom_resources.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/documents/field_json.h"
#include "policy/documents/schema.h"

namespace namegate::policy {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kGroup = kOwnVersion.substr(0, kOwnVersion.find('/'));
constexpr const char* kKeepsUnknownFields = "x-kubernetes-preserve-unknown-fields";
// A document has these besides its spec; the API server has schemas of its own for them.
constexpr const char* kSpec = "spec";

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

Json object_json(const ObjectSpec& spec);

Json value_json(const FieldSpec& field) {
    switch (field.shape) {
        case Shape::kText: {
            Json out = {{"type", "string"}};
            if (!field.allowed.empty()) {
                out["enum"] = field.allowed;
            }
            return out;
        }
        case Shape::kTextOrInteger: return {{"anyOf", {{{"type", "integer"}}, {{"type", "string"}}}}, {"x-kubernetes-int-or-string", true}};
        case Shape::kInteger: return {{"type", "integer"}, {"format", "int64"}};
        case Shape::kNumber: return {{"type", "number"}};
        case Shape::kBool: return {{"type", "boolean"}};
        case Shape::kTextMap: return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
        case Shape::kObject: return object_json(*field.object);
        case Shape::kAny: break;
    }
    return {{kKeepsUnknownFields, true}};
}

Json object_json(const ObjectSpec& spec) {
    Json out = {{"type", "object"}};
    for (const FieldSpec& field : spec.fields) {
        out["properties"][std::string(field.name)] = field_json(field, value_json);
        if (field.required) {
            out["required"].push_back(field.name);
        }
    }
    out[kKeepsUnknownFields] = true;
    return out;
}

Json text(const char* help) { return {{"description", help}, {"type", "string"}}; }

Json status_json() {
    Json condition = {{"type", "object"}, {"required", {"type", "status"}}};
    condition["properties"] = {
        {"type", text("Accepted")},
        {"status", text("True, or False while the object is not in force as it is written")},
        {"reason", text("Valid, Invalid or Overridden")},
        {"message", text("why it is not accepted, and what is in force instead")},
        {"observedGeneration", {{"description", "of the object that was judged"}, {"type", "integer"}, {"format", "int64"}}},
        {"lastTransitionTime", {{"description", "when the status changed"}, {"type", "string"}, {"format", "date-time"}}}};
    Json conditions = {{"description", "written by namegate"},
                       {"type", "array"},
                       {"maxItems", 16},
                       {"items", std::move(condition)},
                       {"x-kubernetes-list-type", "map"},
                       {"x-kubernetes-list-map-keys", {"type"}}};
    return {{"type", "object"}, {"properties", {{"conditions", std::move(conditions)}}}, {kKeepsUnknownFields, true}};
}

Json columns_json() {
    const std::string condition = ".status.conditions[?(@.type==\"Accepted\")].";
    return {{{"name", "Accepted"}, {"type", "string"}, {"jsonPath", condition + "status"}},
            {{"name", "Reason"}, {"type", "string"}, {"jsonPath", condition + "reason"}},
            {{"name", "Age"}, {"type", "date"}, {"jsonPath", ".metadata.creationTimestamp"}}};
}

Json version_json(const KindSpec& kind) {
    Json schema = {
        {"description", "Accepted or not: see status. The form is that of " + std::string(kCalicoVersion) + "."},
        {"type", "object"},
        {"properties", {{"apiVersion", {{"type", "string"}}}, {"kind", {{"type", "string"}}}, {"metadata", {{"type", "object"}}}}}};
    for (const FieldSpec& field : kind.object->fields) {
        if (field.name == kSpec) {
            schema["properties"][kSpec] = field_json(field, value_json);
        }
    }
    schema["properties"]["status"] = status_json();
    // Other fields of the document are for the validator to refuse too.
    schema[kKeepsUnknownFields] = true;
    return {{"name", "v1"},
            {"served", true},
            {"storage", true},
            {"schema", {{"openAPIV3Schema", std::move(schema)}}},
            {"subresources", {{"status", Json::object()}}},
            {"additionalPrinterColumns", columns_json()}};
}

Json definition_json(const KindSpec& kind) {
    const std::string plural = resource_name(kind.kind);
    return {{"apiVersion", "apiextensions.k8s.io/v1"},
            {"kind", "CustomResourceDefinition"},
            {"metadata", {{"name", plural + "." + std::string(kGroup)}}},
            {"spec",
             {{"group", kGroup},
              {"names",
               {{"kind", kind.kind}, {"listKind", std::string(kind.kind) + "List"}, {"plural", plural}, {"singular", lower(kind.kind)}}},
              {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
              {"versions", Json::array({version_json(kind)})}}}};
}

void write(YAML::Emitter& out, const Json& value) {
    if (value.is_object()) {
        out << (value.empty() ? YAML::Flow : YAML::Block) << YAML::BeginMap;
        for (const auto& [key, member] : value.items()) {
            out << YAML::Key << key << YAML::Value;
            write(out, member);
        }
        out << YAML::EndMap;
    } else if (value.is_array()) {
        out << YAML::BeginSeq;
        for (const Json& item : value) {
            write(out, item);
        }
        out << YAML::EndSeq;
    } else if (value.is_string()) {
        out << YAML::DoubleQuoted << value.get<std::string>();
    } else if (value.is_boolean()) {
        out << value.get<bool>();
    } else {
        out << value.get<std::int64_t>();
    }
}

}  // namespace

std::string resource_name(std::string_view kind) {
    std::string out = lower(kind);
    if (out.ends_with('y')) {
        out.pop_back();
        return out + "ies";
    }
    return out + "s";
}

std::string custom_resources() {
    std::string out =
        "# SPDX-License-Identifier: Apache-2.0\n# The kinds of policy.namegate.dev/v1. Written by \"namegatectl schema --crds\".\n";
    for (const KindSpec& kind : all_kinds()) {
        if (kind.api_version != kCalicoVersion) {
            continue;
        }
        YAML::Emitter yaml;
        write(yaml, definition_json(kind));
        out += std::string("---\n") + yaml.c_str() + "\n";
    }
    return out;
}

}  // namespace namegate::policy
