// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/json_schema.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "policy/documents/custom_resources.h"
#include "policy/documents/document.h"
#include "policy/documents/schema.h"

using namespace namegate::policy;
using nlohmann::json;

namespace {

const json& schema() {
    static const json parsed = json::parse(json_schema());
    return parsed;
}

// Follows a reference, alone or as the only one of "allOf".
const json& resolve(const json& value) {
    const json& bare = value.contains("allOf") ? value["allOf"][0] : value;
    if (!bare.contains("$ref")) {
        return value;
    }
    const std::string name = bare["$ref"].get<std::string>().substr(std::string("#/definitions/").size());
    REQUIRE(schema()["definitions"].contains(name));
    return schema()["definitions"][name];
}

// Does the definition match the table, at every level?
void compare(const json& definition, const ObjectSpec& spec, std::set<const ObjectSpec*>& seen) {
    INFO(spec.name);
    CHECK(definition["type"] == "object");
    CHECK(definition["additionalProperties"] == spec.open);
    CHECK(definition["properties"].size() == spec.fields.size());
    if (!seen.insert(&spec).second) {
        return;
    }
    for (const FieldSpec& field : spec.fields) {
        INFO(field.name);
        REQUIRE(definition["properties"].contains(std::string(field.name)));
        const json& property = definition["properties"][std::string(field.name)];
        CHECK(property["description"] == std::string(field.help));
        const json required = definition.value("required", json::array());
        CHECK((std::find(required.begin(), required.end(), std::string(field.name)) != required.end()) == field.required);
        CHECK((property.value("type", json()) == "array") == field.list);
        if (field.max_items != 0) {
            CHECK(property["maxItems"] == field.max_items);
        }
        const json& value = field.list ? property["items"] : property;
        if (!field.allowed.empty()) {
            CHECK(value["enum"].size() == field.allowed.size());
        }
        if (field.shape == Shape::kObject) {
            compare(resolve(value), *field.object, seen);
        }
    }
}

}  // namespace

TEST_CASE("the schema matches the tables, for every kind") {
    std::set<const ObjectSpec*> seen;
    std::size_t definitions = 1;  // that of lists
    for (const json& choice : schema()["allOf"]) {
        const json& condition = choice["if"]["properties"];
        if (condition["kind"].contains("pattern")) {
            continue;
        }
        const json& versions = condition["apiVersion"]["enum"];
        const KindSpec* kind = find_kind(condition["kind"]["const"].get<std::string>(), versions[0].get<std::string>());
        REQUIRE(kind != nullptr);
        const json& definition = resolve(choice["then"]);
        CHECK(definition["properties"]["kind"]["const"] == std::string(kind->kind));
        CHECK(versions == json(versions_of(*kind)));
        CHECK(definition["properties"]["apiVersion"]["enum"] == versions);
        seen.erase(kind->object);  // sets share one object, and differ in their kind
        compare(definition, *kind->object, seen);
        ++definitions;
    }
    CHECK(definitions == all_kinds().size() + 1);
    std::set<const ObjectSpec*> kinds;
    for (const KindSpec& kind : all_kinds()) {
        kinds.insert(kind.object);
    }
    CHECK(schema()["definitions"].size() == definitions + seen.size() - kinds.size());
}

TEST_CASE("the schema in docs/ is up to date") {
    std::ifstream in(NAMEGATE_SCHEMA);
    const std::string kept((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    INFO("cmake --build --preset release --target schema");
    CHECK(kept == json_schema());
}

namespace {

// Whether objects at every level keep the fields that the API server does not know.
void check_keeps_unknown_fields(const Node& schema_node, const std::string& path) {
    INFO(path);
    const Node* const properties = schema_node.find("properties");
    if (properties != nullptr && path != "metadata") {
        const Node* const keeps = schema_node.find("x-kubernetes-preserve-unknown-fields");
        REQUIRE(keeps != nullptr);
        CHECK(keeps->text() == "true");
    }
    for (const MapEntry& entry : properties == nullptr ? std::vector<MapEntry>() : properties->entries()) {
        // What namegate writes itself, and what the API server knows, are not concerned.
        if (entry.key != "status" && entry.key != "metadata") {
            check_keeps_unknown_fields(entry.value, path + "." + entry.key);
        }
    }
    if (const Node* const items = schema_node.find("items"); items != nullptr) {
        check_keeps_unknown_fields(*items, path + "[]");
    }
}

const Node& at(const Node& node, std::initializer_list<const char*> path) {
    const Node* out = &node;
    for (const char* const key : path) {
        INFO(key);
        out = out->is_sequence() ? &out->items().at(0) : out->find(key);
        REQUIRE(out != nullptr);
    }
    return *out;
}

}  // namespace

TEST_CASE("the definitions of custom resources have every kind of Calico's group, and keep a field that the validator refuses") {
    const ParseOutcome parsed = parse_documents("crds.yaml", custom_resources());
    REQUIRE(parsed.problems.empty());
    std::set<std::string> kinds;
    for (const Node& definition : parsed.documents) {
        const Node& spec = at(definition, {"spec"});
        const std::string kind = at(spec, {"names", "kind"}).text();
        const KindSpec* const known = find_kind(kind, kCalicoVersion);
        REQUIRE(known != nullptr);
        kinds.insert(kind);
        CHECK(at(definition, {"metadata", "name"}).text() == resource_name(kind) + ".policy.namegate.dev");
        CHECK(at(spec, {"scope"}).text() == (known->namespaced ? "Namespaced" : "Cluster"));
        const Node& schema_node = at(spec, {"versions", "first", "schema", "openAPIV3Schema"});
        check_keeps_unknown_fields(schema_node, kind);
        for (const FieldSpec& field : known->object->fields) {
            if (field.name == "spec") {
                CHECK(at(schema_node, {"properties", "spec", "properties"}).entries().size() == field.object->fields.size());
            }
        }
    }
    CHECK(kinds == std::set<std::string>{"GlobalNetworkPolicy", "GlobalNetworkSet", "NetworkPolicy", "NetworkSet",
                                         "StagedGlobalNetworkPolicy", "StagedNetworkPolicy", "Tier"});
}

TEST_CASE("the definitions in cni-conf/ are up to date") {
    std::ifstream in(NAMEGATE_CRDS);
    const std::string kept((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    INFO("cmake --build --preset release --target schema");
    CHECK(kept == custom_resources());
}
