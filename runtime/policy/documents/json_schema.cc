// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/json_schema.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "policy/documents/decode_kubernetes.h"
#include "policy/documents/field_json.h"
#include "policy/documents/schema.h"

namespace namegate::policy {
namespace {

using Json = nlohmann::ordered_json;

std::string name_of(const KindSpec& kind) {
    return kind.api_version == kKubernetesPolicyVersion ? kKubernetesPolicyKind : std::string(kind.kind);
}

Json reference(const std::string& name) { return {{"$ref", "#/definitions/" + name}}; }

class SchemaWriter {
  public:
    Json run() {
        Json kinds = Json::array();
        Json choices = Json::array();
        for (const KindSpec& kind : all_kinds()) {
            kind_ = name_of(kind);
            // Reserves the place before those of the definitions that it refers to.
            definitions_[kind_] = nullptr;
            definitions_[kind_] = kind_json(kind);
            kinds.push_back(kind.kind);
            choices.push_back({{"if",
                                {{"required", {"kind"}},
                                 {"properties", {{"apiVersion", {{"enum", versions_of(kind)}}}, {"kind", {{"const", kind.kind}}}}}}},
                               {"then", reference(kind_)}});
        }
        definitions_["List"] = {{"type", "object"},
                                {"required", {"kind", "items"}},
                                {"properties", {{"kind", {{"pattern", "List$"}}}, {"items", {{"items", {{"$ref", "#"}}}}}}}};
        choices.push_back(
            {{"if", {{"required", {"kind"}}, {"properties", {{"kind", {{"pattern", "List$"}}}}}}}, {"then", reference("List")}});
        return {{"$schema", "http://json-schema.org/draft-07/schema#"},
                {"title", "Policy files of namegate"},
                {"description", "Written by \"namegatectl schema\"; \"namegatectl check\" checks more"},
                {"type", "object"},
                {"required", {"kind"}},
                {"properties", {{"kind", {{"anyOf", {{{"enum", std::move(kinds)}}, {{"pattern", "List$"}}}}}}}},
                {"allOf", std::move(choices)},
                {"definitions", std::move(definitions_)}};
    }

  private:
    Json kind_json(const KindSpec& kind) {
        Json out = object_json(*kind.object);
        out["properties"]["apiVersion"]["enum"] = versions_of(kind);
        out["properties"]["kind"]["const"] = kind.kind;
        return out;
    }

    Json object_json(const ObjectSpec& spec) {
        Json out = {{"type", "object"}};
        Json required = Json::array();
        Json properties = Json::object();
        for (const FieldSpec& field : spec.fields) {
            properties[std::string(field.name)] = described(field);
            if (field.required) {
                required.push_back(field.name);
            }
        }
        if (!required.empty()) {
            out["required"] = std::move(required);
        }
        out["properties"] = std::move(properties);
        out["additionalProperties"] = spec.open;
        return out;
    }

    Json described(const FieldSpec& field) {
        return field_json(field, [this](const FieldSpec& one) { return value_json(one); });
    }

    Json value_json(const FieldSpec& field) {
        switch (field.shape) {
            case Shape::kText: return field.allowed.empty() ? Json{{"type", "string"}} : Json{{"enum", field.allowed}};
            case Shape::kTextOrInteger: return {{"type", {"string", "integer"}}};
            case Shape::kInteger: return {{"type", "integer"}};
            case Shape::kNumber: return {{"type", "number"}};
            case Shape::kBool: return {{"type", "boolean"}};
            case Shape::kTextMap: return text_map_json(field);
            // In allOf, because draft 7 ignores all other keywords next to $ref.
            case Shape::kObject: return {{"allOf", {reference(define(*field.object))}}};
            case Shape::kAny: break;
        }
        return Json::object();
    }

    Json text_map_json(const FieldSpec& field) {
        Json out = {{"type", "object"}};
        for (const FieldSpec& key : field.keys) {
            out["properties"][std::string(key.name)] = described(key);
        }
        out["additionalProperties"] = {{"type", {"string", "null"}}};
        return out;
    }

    std::string define(const ObjectSpec& spec) {
        const auto [known, added] = names_.emplace(&spec, spec.name == "spec" ? kind_ + "Spec" : definition_name(spec.name));
        if (added) {
            definitions_[known->second] = nullptr;
            definitions_[known->second] = object_json(spec);
        }
        return known->second;
    }

    // "a match expression" -> "matchExpression"
    static std::string definition_name(std::string_view name) {
        for (const std::string_view article : {"a ", "an "}) {
            if (name.substr(0, article.size()) == article) {
                name.remove_prefix(article.size());
                break;
            }
        }
        std::string out;
        bool upper = false;
        for (const char c : name) {
            if (c >= 'a' && c <= 'z' && upper) {
                out += static_cast<char>(c - 'a' + 'A');
            } else if (c != ' ' && c != '\'') {
                out += c;
            }
            upper = c == ' ';
        }
        return out;
    }

    std::string kind_;
    Json definitions_ = Json::object();
    std::map<const ObjectSpec*, std::string> names_;
};

}  // namespace

std::string json_schema() { return SchemaWriter().run().dump(2) + "\n"; }

}  // namespace namegate::policy
