// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/resource_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kubernetes/client/json_text.h"

namespace namegate::kubernetes {

namespace {

bool has_verb(const nlohmann::json& resource, const char* verb) {
    const auto verbs = resource.find("verbs");
    return verbs != resource.end() && verbs->is_array() && std::find(verbs->begin(), verbs->end(), verb) != verbs->end();
}

}  // namespace

Result<ServedResources> decode_resource_list(std::string_view text) {
    NG_ASSIGN(const nlohmann::json list, parse_json_object(text));
    const auto resources = list.find("resources");
    if (resources == list.end() || !resources->is_array()) {
        return Error(Code::kInvalidInput, "the reply is not a list of resources");
    }
    if (resources->size() > kMaxGroupResources) {
        return Error(Code::kExhausted, "a group of more than " + std::to_string(kMaxGroupResources) + " resources");
    }
    ServedResources out;
    for (const nlohmann::json& resource : *resources) {
        if (resource.is_object() && has_verb(resource, "list") && has_verb(resource, "watch")) {
            out.insert(text_at(resource, {"name"}));
        }
    }
    return out;
}

}  // namespace namegate::kubernetes
