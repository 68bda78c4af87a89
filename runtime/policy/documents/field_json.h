// SPDX-License-Identifier: Apache-2.0
//
// What the JSON Schema of policy files and the definitions of custom resources say alike of a field. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "policy/documents/schema.h"

namespace namegate::policy {

// `value_json`: of the field's value, or of one entry if it is a list.
template <typename ValueJson>
nlohmann::ordered_json field_json(const FieldSpec& field, const ValueJson& value_json) {
    nlohmann::ordered_json out = {{"description", field.help}};
    if (!field.list) {
        out.update(value_json(field));
        return out;
    }
    out["type"] = "array";
    if (field.max_items != 0) {
        out["maxItems"] = field.max_items;
    }
    out["items"] = value_json(field);
    return out;
}

}  // namespace namegate::policy
