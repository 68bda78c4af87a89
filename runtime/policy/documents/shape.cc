// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/shape.h"

#include <algorithm>

#include "base/words.h"

namespace namegate::policy {
namespace {

const FieldSpec* find_field(const ObjectSpec& spec, std::string_view name) {
    const auto found = std::find_if(spec.fields.begin(), spec.fields.end(), [&](const FieldSpec& field) { return field.name == name; });
    return found == spec.fields.end() ? nullptr : &*found;
}

void report_unknown(const Cursor& cursor, const ObjectSpec& spec, const std::string& name) {
    std::vector<std::string_view> known;
    for (const FieldSpec& field : spec.fields) {
        if (field.help != "written by a cluster") {
            known.push_back(field.name);
        }
    }
    const std::string_view near = nearest_word(name, known);
    std::string message = "there is no field \"" + name + "\" in " + std::string(spec.name);
    message += near.empty() ? "; known are " + join_words(known) : "; did you mean \"" + std::string(near) + "\"?";
    cursor.field_error(name, message);
}

bool is_direction(const Node& node) { return node.is_scalar() && (node.text() == "Egress" || node.text() == "Ingress"); }

bool is_allowed_word(const std::string& text, const FieldSpec& field) {
    return std::find(field.allowed.begin(), field.allowed.end(), text) != field.allowed.end();
}

void check_words(const Cursor& cursor, const FieldSpec& field) {
    const std::string& text = cursor.node().text();
    if (field.allowed.empty() || is_allowed_word(text, field)) {
        return;
    }
    const std::string_view near = nearest_word(text, {field.allowed.begin(), field.allowed.end()});
    cursor.error(cursor.node().describe() + " is not allowed here; write " + join_words(field.allowed) +
                 (near.empty() ? "" : "; did you mean " + std::string(near) + "?"));
}

void check_text(const Cursor& cursor, const FieldSpec& field) {
    const Node& node = cursor.node();
    if (!node.is_scalar()) {
        cursor.error("text is needed here, not " + node.describe());
    } else if (node.scalar_type() != Node::ScalarType::kText && !is_allowed_word(node.text(), field)) {  // "Off" needs no quotes there
        cursor.error("text is needed here, not " + node.describe() + "; write \"" + node.text() + "\" in quotes");
    } else {
        check_words(cursor, field);
    }
}

void check_text_map(const Cursor& cursor) {
    if (!cursor.node().is_map()) {
        cursor.error("a map of names to text is needed here, not " + cursor.node().describe());
        return;
    }
    for (const MapEntry& entry : cursor.node().entries()) {
        if (!entry.value.is_null()) {
            check_text(cursor.child(entry), {});
        }
    }
}

void check_scalar_type(const Cursor& cursor, std::string_view needed, bool good) {
    if (!good) {
        cursor.error(std::string(needed) + " is needed here, not " + cursor.node().describe());
    }
}

void check_value(const Cursor& cursor, const FieldSpec& field) {
    const Node& node = cursor.node();
    const Node::ScalarType type = node.scalar_type();
    const bool scalar = node.is_scalar();
    const bool integer = scalar && type == Node::ScalarType::kInteger;
    switch (field.shape) {
        case Shape::kText: check_text(cursor, field); break;
        case Shape::kTextOrInteger:
            check_scalar_type(cursor, "a name or number", integer || (scalar && type == Node::ScalarType::kText));
            break;
        case Shape::kInteger: check_scalar_type(cursor, "a whole number", integer); break;
        case Shape::kNumber: check_scalar_type(cursor, "a number", integer || (scalar && type == Node::ScalarType::kFloat)); break;
        case Shape::kBool: check_scalar_type(cursor, "true or false", scalar && type == Node::ScalarType::kBool); break;
        case Shape::kObject: check_object(cursor, *field.object); break;
        case Shape::kTextMap: check_text_map(cursor); break;
        case Shape::kAny: break;
    }
}

void check_list(const Cursor& cursor, const FieldSpec& field) {
    const Node& node = cursor.node();
    if (!node.is_sequence()) {
        cursor.error("a list is needed here, not " + node.describe() + "; start each entry with \"- \"");
        return;
    }
    if (field.max_items != 0 && node.items().size() > field.max_items) {
        cursor.error("the list has " + std::to_string(node.items().size()) + " entries; at most " + std::to_string(field.max_items) +
                     " are allowed");
        return;
    }
    for (std::size_t i = 0; i < node.items().size(); ++i) {
        const Cursor item = cursor.item(i);
        if (item.node().is_null()) {
            item.error("the entry is empty; remove its \"-\"");
        } else if (field.allowed.empty() && is_direction(item.node())) {
            item.error("the direction \"" + item.node().text() + "\" is in the list \"" + std::string(field.name) +
                       "\"; is the line \"types:\" missing above it?");
        } else {
            check_value(item, field);
        }
    }
}

}  // namespace

void check_object(const Cursor& cursor, const ObjectSpec& spec) {
    const Node& node = cursor.node();
    if (!node.is_map()) {
        cursor.error("a map is needed here (" + std::string(spec.name) + "), not " + node.describe());
        return;
    }
    for (const MapEntry& entry : node.entries()) {
        const FieldSpec* field = find_field(spec, entry.key);
        if (field == nullptr) {
            if (!spec.open) {
                report_unknown(cursor, spec, entry.key);
            }
        } else if (entry.value.is_null()) {
            continue;  // the same as absent
        } else if (field->list) {
            check_list(cursor.child(entry), *field);
        } else {
            check_value(cursor.child(entry), *field);
        }
    }
    for (const FieldSpec& field : spec.fields) {
        if (field.required && !cursor.child(field.name)) {
            cursor.field_error(field.name, "the field \"" + std::string(field.name) + "\" is missing" +
                                               (field.allowed.empty() ? "" : "; write " + join_words(field.allowed)));
        }
    }
}

}  // namespace namegate::policy
