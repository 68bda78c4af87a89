// SPDX-License-Identifier: Apache-2.0
//
// The fields of a reply, in the order of its JSON form. Each struct in this folder has a function fields() that pairs the name of
// a field with the member that holds it; codec.h makes JSON of it and reads it back. The members and their JSON are described in
// docs/api-json.md. Constants; safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace namegate::api {

template <typename Owner, typename Value>
struct Field {
    using Member = Value;

    const char* name;
    Value Owner::*member;
    bool may_be_absent = false;
};

// A field that is always present. An empty std::optional is null.
template <typename Owner, typename Value>
constexpr Field<Owner, Value> field(const char* name, Value Owner::*member) {
    return {name, member};
}

// A field that is absent when the value is empty.
template <typename Owner, typename Value>
constexpr Field<Owner, std::optional<Value>> optional_field(const char* name, std::optional<Value> Owner::*member) {
    return {name, member, true};
}

using Texts = std::vector<std::string>;
// An object whose names are data, sorted by name.
using TextMap = std::map<std::string, std::string, std::less<>>;
// The same for numbers, in the order in which they were added.
struct NumberMap {
    std::vector<std::pair<std::string, std::uint64_t>> entries;

    bool operator==(const NumberMap&) const = default;
};

// A reply that is one object, if it has one, and otherwise a list.
template <typename Item, typename Object>
struct ListOrObject {
    std::vector<Item> list = {};
    std::optional<Object> object = {};

    bool operator==(const ListOrObject&) const = default;
};

}  // namespace namegate::api
