// SPDX-License-Identifier: Apache-2.0
//
// The shape of every kind of document as tables: the validator walks them, and so can whatever generates a
// JSON schema. Constant data; free to read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace namegate::policy {

struct ObjectSpec;

enum class Shape : std::uint8_t {
    kText,
    kTextOrInteger,  // ports and protocols
    kInteger,
    kNumber,
    kBool,
    kObject,   // `object` says which
    kTextMap,  // labels, annotations
    kAny,      // not looked into
};

struct FieldSpec {
    std::string_view name;
    Shape shape = Shape::kText;
    bool list = false;
    bool required = false;
    std::size_t max_items = 0;  // of a list
    const ObjectSpec* object = nullptr;
    std::span<const std::string_view> allowed{};  // the words a text may be; empty: any
    std::string_view help{};
};

struct ObjectSpec {
    std::string_view name;  // for messages: "a rule"
    std::span<const FieldSpec> fields;
    bool open = false;  // other fields are accepted and not looked into
};

struct KindSpec {
    std::string_view kind;
    std::string_view api_version;
    const ObjectSpec* object;
    bool namespaced;
};

// Kubernetes' own, which shares its kind with a policy of Calico's.
inline constexpr std::string_view kKubernetesPolicyVersion = "networking.k8s.io/v1";

std::span<const KindSpec> all_kinds();
// The kind of this version; when there is none, any of that name; null: no such kind.
const KindSpec* find_kind(std::string_view kind, std::string_view api_version);

}  // namespace namegate::policy
