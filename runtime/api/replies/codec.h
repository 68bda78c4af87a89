// SPDX-License-Identifier: Apache-2.0
//
// Replies as JSON, made from their fields() (fields.h). to_json() writes every field in that order. from_json() checks each field
// and names the first one that is missing or of another type; it ignores fields that it does not know, because the daemon may have
// a later version. The caller limits the size of the JSON (protocol.h). Pure; safe from any thread.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>

#include "api/protocol.h"
#include "api/replies/fields.h"
#include "base/result.h"

namespace namegate::api {

// Why JSON could not be read as a value, and where: "files[0].path".
struct Misread {
    std::string place;
    std::string why;

    // The same, seen from the value around it.
    Misread within(const std::string& outer) && {
        const bool is_member = !place.empty() && place.front() != '[';
        return {outer + (is_member ? "." : "") + place, std::move(why)};
    }
};

template <typename T>
concept HasFields = requires {
    T::fields();
};

// Each has write(), which consumes the value, and read(), which returns nothing if it succeeds.
template <typename T>
struct Codec;

template <>
struct Codec<std::string> {
    static Json write(std::string&& value) { return Json(std::move(value)); }
    static std::optional<Misread> read(const Json& json, std::string& out) {
        if (!json.is_string()) {
            return Misread{{}, "is not text"};
        }
        out = json.get_ref<const std::string&>();
        return {};
    }
};

template <>
struct Codec<bool> {
    static Json write(bool value) { return Json(value); }
    static std::optional<Misread> read(const Json& json, bool& out) {
        if (!json.is_boolean()) {
            return Misread{{}, "is not true or false"};
        }
        out = json.get<bool>();
        return {};
    }
};

template <std::integral T>
struct Codec<T> {
    static Json write(T value) { return Json(value); }
    static std::optional<Misread> read(const Json& json, T& out) {
        const bool in_range = json.is_number_unsigned()  ? std::in_range<T>(json.get<std::uint64_t>())
                              : json.is_number_integer() ? std::in_range<T>(json.get<std::int64_t>())
                                                         : false;
        if (!in_range) {
            return Misread{{}, "is not a whole number within its range"};
        }
        out = json.get<T>();
        return {};
    }
};

// A whole number is written without a point.
template <>
struct Codec<double> {
    static Json write(double value) {
        constexpr double kMaxExact = 1e15;
        const bool whole = std::abs(value) < kMaxExact && value == std::floor(value);
        return whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
    }
    static std::optional<Misread> read(const Json& json, double& out) {
        if (!json.is_number()) {
            return Misread{{}, "is not a number"};
        }
        out = json.get<double>();
        return {};
    }
};

template <typename T>
struct Codec<std::optional<T>> {
    static Json write(std::optional<T>&& value) { return value ? Codec<T>::write(std::move(*value)) : Json(nullptr); }
    static std::optional<Misread> read(const Json& json, std::optional<T>& out) {
        out.reset();
        return json.is_null() ? std::nullopt : Codec<T>::read(json, out.emplace());
    }
};

template <typename T>
struct Codec<std::vector<T>> {
    static Json write(std::vector<T>&& values) {
        Json::array_t out;
        out.reserve(values.size());
        for (T& value : values) {
            out.push_back(Codec<T>::write(std::move(value)));
        }
        return Json(std::move(out));
    }
    static std::optional<Misread> read(const Json& json, std::vector<T>& out) {
        if (!json.is_array()) {
            return Misread{{}, "is not a list"};
        }
        out.clear();
        out.reserve(json.size());
        for (const Json& item : json) {
            if (auto bad = Codec<T>::read(item, out.emplace_back())) {
                return std::move(*bad).within("[" + std::to_string(out.size() - 1) + "]");
            }
        }
        return {};
    }
};

// Objects are written and read as the list of their members: a search for each name would cost more.
template <>
struct Codec<TextMap> {
    static Json write(TextMap&& values) {
        Json::object_t out;
        for (auto& [name, value] : values) {
            out.emplace_back(name, std::move(value));
        }
        return Json(std::move(out));
    }
    static std::optional<Misread> read(const Json& json, TextMap& out) {
        if (!json.is_object()) {
            return Misread{{}, "is not an object"};
        }
        out.clear();
        for (const auto& item : json.items()) {
            if (auto bad = Codec<std::string>::read(item.value(), out[item.key()])) {
                return std::move(*bad).within(item.key());
            }
        }
        return {};
    }
};

template <>
struct Codec<NumberMap> {
    static Json write(NumberMap&& values) {
        Json::object_t out;
        for (auto& [name, value] : values.entries) {
            out.emplace_back(std::move(name), value);
        }
        return Json(std::move(out));
    }
    static std::optional<Misread> read(const Json& json, NumberMap& out) {
        if (!json.is_object()) {
            return Misread{{}, "is not an object"};
        }
        out.entries.clear();
        for (const auto& item : json.items()) {
            if (auto bad = Codec<std::uint64_t>::read(item.value(), out.entries.emplace_back(item.key(), 0).second)) {
                return std::move(*bad).within(item.key());
            }
        }
        return {};
    }
};

template <HasFields T>
struct Codec<T> {
    static Json write(T&& value) {
        Json::object_t out;
        std::apply([&](const auto&... field) { (append(value, field, out), ...); }, T::fields());
        return Json(std::move(out));
    }
    static std::optional<Misread> read(const Json& json, T& out) {
        if (!json.is_object()) {
            return Misread{{}, "is not an object"};
        }
        std::optional<Misread> bad;
        std::apply([&](const auto&... field) { static_cast<void>(((bad = read_field(json, field, out)).has_value() || ...)); },
                   T::fields());
        return bad;
    }

  private:
    template <typename Owner, typename Value>
    static void append(T& value, const Field<Owner, Value>& field, Json::object_t& out) {
        Json json = Codec<Value>::write(std::move(value.*field.member));
        if (!field.may_be_absent || !json.is_null()) {
            out.emplace_back(field.name, std::move(json));
        }
    }
    template <typename Owner, typename Value>
    static std::optional<Misread> read_field(const Json& json, const Field<Owner, Value>& field, T& out) {
        const auto found = json.find(field.name);
        if (found == json.end()) {
            return field.may_be_absent ? std::nullopt : std::optional(Misread{field.name, "is missing"});
        }
        auto bad = Codec<Value>::read(*found, out.*field.member);
        return bad ? std::optional(std::move(*bad).within(field.name)) : std::nullopt;
    }
};

template <typename Item, typename Object>
struct Codec<ListOrObject<Item, Object>> {
    static Json write(ListOrObject<Item, Object>&& value) {
        return value.object ? Codec<Object>::write(std::move(*value.object)) : Codec<std::vector<Item>>::write(std::move(value.list));
    }
    static std::optional<Misread> read(const Json& json, ListOrObject<Item, Object>& out) {
        out = {};
        return json.is_array() ? Codec<std::vector<Item>>::read(json, out.list) : Codec<Object>::read(json, out.object.emplace());
    }
};

template <typename T>
Json to_json(T reply) {
    return Codec<T>::write(std::move(reply));
}

// kInvalidInput names the field.
template <typename T>
Result<T> from_json(const Json& json) {
    T out;
    if (const auto bad = Codec<T>::read(json, out)) {
        return Error(Code::kInvalidInput, (bad->place.empty() ? "it " : "the field \"" + bad->place + "\" ") + bad->why);
    }
    return out;
}

}  // namespace namegate::api
