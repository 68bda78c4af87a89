// SPDX-License-Identifier: Apache-2.0
#include "ctl/reply.h"

namespace namegate::ctl {

using api::Json;

const Json& member(const Json& object, const char* key) {
    static const Json none;
    if (!object.is_object()) {
        return none;
    }
    const auto found = object.find(key);
    return found == object.end() ? none : *found;
}

std::string text_of(const Json& value) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_boolean()) {
        return value.get<bool>() ? "yes" : "no";
    }
    return value.is_number() ? value.dump() : std::string();
}

std::string text_of(const Json& object, const char* key) { return text_of(member(object, key)); }

bool is_count(const Json& value) { return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0); }

std::uint64_t number_of(const Json& object, const char* key) {
    const Json& value = member(object, key);
    return is_count(value) ? value.get<std::uint64_t>() : 0;
}

std::vector<std::string> items_of(const Json& list) {
    std::vector<std::string> out;
    if (!list.is_array()) {
        out.push_back(text_of(list));
        return out;
    }
    for (const Json& item : list) {
        out.push_back(text_of(item));
    }
    return out;
}

}  // namespace namegate::ctl
