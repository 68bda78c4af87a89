// SPDX-License-Identifier: Apache-2.0
//
// The shape of every kind of document as tables, for validation and for the JSON Schema. Constant data; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace namegate::policy {

struct ObjectSpec;

enum class Shape : std::uint8_t {
    kText,
    kTextOrInteger,  // ports and protocols
    kInteger,
    kNumber,
    kBool,
    kObject,   // described by `object`
    kTextMap,  // labels, annotations
    kAny,      // not checked
};

struct FieldSpec {
    std::string_view name;
    Shape shape = Shape::kText;
    bool list = false;
    bool required = false;
    std::size_t max_items = 0;  // of a list; 0: unlimited
    const ObjectSpec* object = nullptr;
    std::span<const FieldSpec> keys{};            // of a map of text: the keys that mean something, for the JSON Schema only
    std::span<const std::string_view> allowed{};  // the valid values of a text; empty: any
    std::string_view help{};
};

struct ObjectSpec {
    std::string_view name;  // for messages: "a rule"
    std::span<const FieldSpec> fields;
    bool open = false;  // other fields are accepted and not checked
};

struct KindSpec {
    std::string_view kind;
    std::string_view api_version;
    const ObjectSpec* object;
    bool namespaced;
};

inline constexpr std::string_view kCalicoVersion = "projectcalico.org/v3";
// namegate's own group, which has Calico's kinds for API servers without Calico (custom_resources.h).
inline constexpr std::string_view kOwnVersion = "policy.namegate.dev/v1";
// Kubernetes' NetworkPolicy, which has the same kind as Calico's.
inline constexpr std::string_view kKubernetesPolicyVersion = "networking.k8s.io/v1";

// Annotations that namegate reads, of a policy or, except the first, of a rule.
inline constexpr std::string_view kDnsAnnotation = "namegate.dev/dns";
inline constexpr std::string_view kTlsAnnotation = "namegate.dev/tls";
inline constexpr std::string_view kQuicAnnotation = "namegate.dev/quic";

std::span<const KindSpec> all_kinds();
// Whether a document of the kind may have this version: its own, and for Calico's kinds also kOwnVersion.
bool has_version(const KindSpec& kind, std::string_view version);
// All that it may have.
std::vector<std::string_view> versions_of(const KindSpec& kind);
// Returns the kind with this version, or else any with this name, or null.
const KindSpec* find_kind(std::string_view kind, std::string_view api_version);

}  // namespace namegate::policy
