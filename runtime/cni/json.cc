// SPDX-License-Identifier: Apache-2.0
#include "cni/json.h"

#include <algorithm>
#include <limits>

#include "base/json_depth.h"

namespace namegate::cni {

namespace {

Error wrong_type(std::string_view where, std::string_view key, std::string_view expected) {
    return {Code::kInvalidInput, place(where, key) + " must be " + std::string(expected)};
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Converts the exceptions of the parser; their text starts with "[json.exception.parse_error.101] ".
Error parse_error(const Json::exception& exception) {
    const std::string_view what = exception.what();
    const std::size_t bracket = what.find("] ");
    const std::string_view text = bracket == std::string_view::npos ? what : what.substr(bracket + 2);
    return {Code::kInvalidInput, "not valid JSON: " + std::string(text)};
}

}  // namespace

std::string place(std::string_view where, std::string_view key) {
    return where.empty() ? std::string(key) : std::string(where) + "." + std::string(key);
}

Result<Json> parse_object(std::string_view text) {
    if (text.size() > kMaxJsonBytes) {
        return Error(Code::kInvalidInput, "more than " + std::to_string(kMaxJsonBytes) + " bytes of JSON");
    }
    if (is_nested_deeper(text, kMaxJsonDepth)) {
        return Error(Code::kInvalidInput, "JSON nested deeper than " + std::to_string(kMaxJsonDepth));
    }
    try {
        Json object = Json::parse(text);
        if (!object.is_object()) {
            return Error(Code::kInvalidInput, "the JSON must be an object, not " + std::string(object.type_name()));
        }
        return object;
    } catch (const Json::exception& exception) {
        return parse_error(exception);
    }
}

const Json* find_member(const Json& object, std::string_view key) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

const Json* find_member_any_case(const Json& object, std::string_view key) {
    if (const Json* exact = find_member(object, key)) {
        return exact;
    }
    if (!object.is_object()) {
        return nullptr;
    }
    for (auto item = object.begin(); item != object.end(); ++item) {
        const std::string& name = item.key();
        if (!item->is_null() &&
            std::equal(name.begin(), name.end(), key.begin(), key.end(), [](char a, char b) { return lower(a) == lower(b); })) {
            return &*item;
        }
    }
    return nullptr;
}

Result<std::string> get_string(const Json& object, std::string_view key, std::string_view where) {
    const Json* member = find_member(object, key);
    if (member == nullptr) {
        return std::string();
    }
    if (!member->is_string()) {
        return wrong_type(where, key, "a string");
    }
    return *member->get_ptr<const std::string*>();
}

Result<bool> get_bool(const Json& object, std::string_view key, std::string_view where) {
    const Json* member = find_member(object, key);
    if (member == nullptr) {
        return false;
    }
    if (!member->is_boolean()) {
        return wrong_type(where, key, "true or false");
    }
    return *member->get_ptr<const bool*>();
}

Result<std::optional<unsigned>> get_unsigned(const Json& object, std::string_view key, std::string_view where) {
    const Json* member = find_member(object, key);
    if (member == nullptr) {
        return std::optional<unsigned>();
    }
    const auto* number = member->get_ptr<const Json::number_unsigned_t*>();
    if (number == nullptr || *number > std::numeric_limits<unsigned>::max()) {
        return wrong_type(where, key, "a whole number, 0 or more");
    }
    return std::optional<unsigned>(static_cast<unsigned>(*number));
}

Result<std::vector<std::string>> get_strings(const Json& object, std::string_view key, std::string_view where) {
    std::vector<std::string> values;
    const Json* member = find_member(object, key);
    if (member == nullptr) {
        return values;
    }
    if (!member->is_array()) {
        return wrong_type(where, key, "a list of strings");
    }
    for (const Json& item : *member) {
        if (!item.is_string()) {
            return wrong_type(where, key, "a list of strings");
        }
        values.push_back(*item.get_ptr<const std::string*>());
    }
    return values;
}

}  // namespace namegate::cni
